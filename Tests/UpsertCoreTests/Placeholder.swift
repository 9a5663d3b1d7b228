// UpsertCoreTests
