// UpsertTransport
