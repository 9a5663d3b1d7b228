// UpsertDaemonTests
