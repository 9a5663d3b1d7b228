// Layout 1: one row a record, payload inline, UNIQUE(namespace, id); an overwrite updates the row in its place.
#include <string.h>

#include "database.h"
#include "queue.h"

static sqlite3 *database;
static sqlite3_stmt *insert, *head, *removal;
static long long read_up_to, settled_up_to;

static void rows_open(sqlite3 *opened, const char *directory) {
    (void)directory;
    database = opened;
    database_run(database,
        "CREATE TABLE IF NOT EXISTS record(seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, id TEXT NOT NULL,"
        " operation INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE(namespace, id)) STRICT");
    insert = database_prepare(database,
        "INSERT INTO record(namespace, id, operation, data) VALUES(1, ?1, 0, ?2)"
        " ON CONFLICT(namespace, id) DO UPDATE SET operation = excluded.operation, data = excluded.data");
    head = database_prepare(database, "SELECT seq, data FROM record WHERE seq > ?1 ORDER BY seq LIMIT 1000");
    removal = database_prepare(database, "DELETE FROM record WHERE seq > ?1 AND seq <= ?2");
}

static void rows_accept(const struct batch *batch) {
    database_run(database, "BEGIN IMMEDIATE");
    for (uint32_t i = 0; i < batch->count; i++) {
        sqlite3_bind_text(insert, 1, (const char *)batch_id(batch, i), (int)batch->id_length, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 2, batch->payload + batch->end[i], (int)(batch->end[i + 1] - batch->end[i]),
                          SQLITE_STATIC);
        database_done(insert);
    }
    database_run(database, "COMMIT");
}

static uint32_t rows_read(uint8_t *request) {
    uint32_t bytes = 0;
    sqlite3_bind_int64(head, 1, read_up_to);
    while (database_row(head)) {
        uint32_t count = (uint32_t)sqlite3_column_bytes(head, 1);
        memcpy(request + bytes, sqlite3_column_blob(head, 1), count);
        bytes += count;
        read_up_to = sqlite3_column_int64(head, 0);
    }
    return bytes;
}

static void rows_settle(void) {
    sqlite3_bind_int64(removal, 1, settled_up_to);
    sqlite3_bind_int64(removal, 2, read_up_to);
    database_done(removal);
    settled_up_to = read_up_to;
}

const struct queue_layout queue_rows = {"rows", rows_open, rows_accept, rows_read, rows_settle};
