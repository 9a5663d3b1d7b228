// UpsertStorage
