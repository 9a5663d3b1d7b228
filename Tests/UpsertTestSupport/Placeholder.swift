// UpsertTestSupport
