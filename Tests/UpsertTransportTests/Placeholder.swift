// UpsertTransportTests
