// UpsertSQLite
