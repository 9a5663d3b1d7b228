// UpsertIndex
