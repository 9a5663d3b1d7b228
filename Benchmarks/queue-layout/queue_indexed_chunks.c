// Layout 2: payloads in chunk blobs, one small row a record with UNIQUE(namespace, hash).
//
// An overwrite points the small row at the new chunk. A chunk is removed when no row points at it; that is only done
// while draining here, so the cost of an overwrite is a lower bound.
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "measure.h"
#include "queue.h"
#include "siphash.h"

enum { CHUNKS_MAX = 1 << 20 };

static const uint64_t key[2] = {0x0123456789abcdefu, 0xfedcba9876543210u};
static sqlite3 *database;
static sqlite3_stmt *add_chunk, *add_payload, *add_record, *head, *remove_records, *remove_chunk, *remove_payload;
static sqlite3_blob *payload;
static uint32_t *waiting;      // records that point at a chunk, by chunk number
static uint32_t *read_chunks;  // the chunk of each record read since the last settle
static uint32_t read_count;
static long long read_up_to, settled_up_to, next_chunk = 1;

static void chunks_open(sqlite3 *opened, const char *directory) {
    (void)directory;
    database = opened;
    database_run(database,
        "CREATE TABLE IF NOT EXISTS chunk(seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL,"
        " operation INTEGER NOT NULL, encoding INTEGER NOT NULL, records INTEGER NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS payload(chunk INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS record(seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, hash BLOB NOT NULL,"
        " chunk INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, UNIQUE(namespace, hash)) STRICT");
    add_chunk = database_prepare(database, "INSERT INTO chunk VALUES(?1, 1, 0, 0, ?2)");
    add_payload = database_prepare(database, "INSERT INTO payload VALUES(?1, ?2)");
    add_record = database_prepare(database,
        "INSERT INTO record(namespace, hash, chunk, start, length) VALUES(1, ?1, ?2, ?3, ?4)"
        " ON CONFLICT(namespace, hash) DO UPDATE"
        " SET chunk = excluded.chunk, start = excluded.start, length = excluded.length");
    head = database_prepare(database,
        "SELECT seq, chunk, start, length FROM record WHERE seq > ?1 ORDER BY seq LIMIT 1000");
    remove_records = database_prepare(database, "DELETE FROM record WHERE seq > ?1 AND seq <= ?2");
    remove_chunk = database_prepare(database, "DELETE FROM chunk WHERE seq = ?1");
    remove_payload = database_prepare(database, "DELETE FROM payload WHERE chunk = ?1");
    next_chunk = 1 + database_number(database, "SELECT max(seq) FROM chunk");
    waiting = allocate(CHUNKS_MAX * sizeof *waiting);
    read_chunks = allocate(BATCH_RECORDS * sizeof *read_chunks);
}

static void chunks_accept(const struct batch *batch) {
    database_run(database, "BEGIN IMMEDIATE");
    for (uint32_t first = 0; first < batch->count; first += CHUNK_RECORDS, next_chunk++) {
        uint32_t after = first + CHUNK_RECORDS < batch->count ? first + CHUNK_RECORDS : batch->count;
        uint32_t start = batch->end[first];
        sqlite3_bind_int64(add_chunk, 1, next_chunk);
        sqlite3_bind_int64(add_chunk, 2, after - first);
        database_done(add_chunk);
        sqlite3_bind_int64(add_payload, 1, next_chunk);
        sqlite3_bind_blob(add_payload, 2, batch->payload + start, (int)(batch->end[after] - start), SQLITE_STATIC);
        database_done(add_payload);
        for (uint32_t i = first; i < after; i++) {
            struct hash128 hash = siphash128(key, batch_id(batch, i), batch->id_length, 1, 3);
            sqlite3_bind_blob(add_record, 1, &hash, sizeof hash, SQLITE_STATIC);
            sqlite3_bind_int64(add_record, 2, next_chunk);
            sqlite3_bind_int64(add_record, 3, batch->end[i] - start);
            sqlite3_bind_int64(add_record, 4, batch->end[i + 1] - batch->end[i]);
            database_done(add_record);
        }
    }
    database_run(database, "COMMIT");
}

// Before the first read: who points where, and chunks that nobody points at go.
static void count_waiting(void) {
    sqlite3_stmt *counts = database_prepare(database, "SELECT chunk, count(*) FROM record GROUP BY chunk");
    while (database_row(counts)) waiting[sqlite3_column_int64(counts, 0)] = (uint32_t)sqlite3_column_int64(counts, 1);
    sqlite3_finalize(counts);
    database_run(database, "BEGIN; DELETE FROM payload WHERE chunk NOT IN (SELECT chunk FROM record);"
                           "DELETE FROM chunk WHERE seq NOT IN (SELECT chunk FROM record); COMMIT");
}

static void read_payload(long long chunk, uint32_t start, uint32_t length, uint8_t *to) {
    int code = payload ? sqlite3_blob_reopen(payload, chunk)
                       : sqlite3_blob_open(database, "main", "payload", "data", chunk, 0, &payload);
    if (code == SQLITE_OK) code = sqlite3_blob_read(payload, to, (int)length, (int)start);
    if (code != SQLITE_OK) die("cannot read chunk %lld: %s", chunk, sqlite3_errmsg(database));
}

// Adjacent records of one chunk are read in one go, so an untouched chunk is read as it lies.
static uint32_t chunks_read(uint8_t *request) {
    uint32_t bytes = 0, start = 0, length = 0;
    long long chunk = 0;
    if (settled_up_to == 0 && read_up_to == 0) count_waiting();
    sqlite3_bind_int64(head, 1, read_up_to);
    while (database_row(head)) {
        uint32_t from = (uint32_t)sqlite3_column_int64(head, 2), count = (uint32_t)sqlite3_column_int64(head, 3);
        read_up_to = sqlite3_column_int64(head, 0);
        if (chunk != sqlite3_column_int64(head, 1) || from != start + length) {
            if (length) read_payload(chunk, start, length, request + bytes);
            bytes += length;
            chunk = sqlite3_column_int64(head, 1), start = from, length = 0;
        }
        length += count;
        read_chunks[read_count++] = (uint32_t)chunk;
    }
    if (length) read_payload(chunk, start, length, request + bytes);
    return bytes + length;
}

static void chunks_settle(void) {
    if (payload) sqlite3_blob_close(payload), payload = 0;
    database_run(database, "BEGIN IMMEDIATE");
    sqlite3_bind_int64(remove_records, 1, settled_up_to);
    sqlite3_bind_int64(remove_records, 2, read_up_to);
    database_done(remove_records);
    for (uint32_t i = 0; i < read_count; i++) {
        if (--waiting[read_chunks[i]] > 0) continue;
        sqlite3_bind_int64(remove_chunk, 1, read_chunks[i]);
        database_done(remove_chunk);
        sqlite3_bind_int64(remove_payload, 1, read_chunks[i]);
        database_done(remove_payload);
    }
    database_run(database, "COMMIT");
    settled_up_to = read_up_to;
    read_count = 0;
}

const struct queue_layout queue_indexed_chunks = {
    "indexed chunks", chunks_open, chunks_accept, chunks_read, chunks_settle};
