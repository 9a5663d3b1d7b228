#include "database.h"
#include "measure.h"
#include "payload_store.h"

static sqlite3 *database;
static sqlite3_stmt *insert, *removal;
static sqlite3_blob *blob;
static long long blob_chunk;

static void table_open(sqlite3 *opened, const char *directory) {
    (void)directory;
    database = opened;
    database_run(database, "CREATE TABLE IF NOT EXISTS payload(chunk INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT");
    insert = database_prepare(database, "INSERT INTO payload(chunk, data) VALUES(?1, ?2)");
    removal = database_prepare(database, "DELETE FROM payload WHERE chunk = ?1");
}

static void table_put(long long chunk, const uint8_t *data, uint32_t bytes) {
    sqlite3_bind_int64(insert, 1, chunk);
    sqlite3_bind_blob(insert, 2, data, (int)bytes, SQLITE_STATIC);
    database_done(insert);
}

static void table_read(long long chunk, uint32_t start, uint32_t bytes, uint8_t *to) {
    int code = SQLITE_OK;
    if (!blob) code = sqlite3_blob_open(database, "main", "payload", "data", chunk, 0, &blob);
    else if (chunk != blob_chunk) code = sqlite3_blob_reopen(blob, chunk);
    blob_chunk = chunk;
    if (code == SQLITE_OK) code = sqlite3_blob_read(blob, to, (int)bytes, (int)start);
    if (code != SQLITE_OK) die("cannot read chunk %lld: %s", chunk, sqlite3_errmsg(database));
}

static void table_drop(long long chunk) {
    sqlite3_bind_int64(removal, 1, chunk);
    database_done(removal);
}

// An open blob handle holds a read transaction, which would keep checkpoints from finishing.
static void table_before_commit(void) {
    if (blob) sqlite3_blob_close(blob);
    blob = 0;
}

static void table_after_commit(void) {}

const struct payload_store payload_table = {
    table_open, table_put, table_read, table_drop, table_before_commit, table_after_commit};
