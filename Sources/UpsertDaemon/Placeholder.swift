// UpsertDaemon
