// UpsertStorageTests
