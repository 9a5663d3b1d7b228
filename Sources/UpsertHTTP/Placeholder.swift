// UpsertHTTP
