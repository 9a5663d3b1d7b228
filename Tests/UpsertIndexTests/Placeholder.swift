// UpsertIndexTests
