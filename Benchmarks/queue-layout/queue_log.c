// Layouts 3 and 4: a log of chunks, each with a directory of its records; what is superseded is known in memory only.
//
// Invariant: a bitmap that says "superseded" or "settled" is on disk no later than the commit that removes the last
// newer version of that id, else a restart would bring the older version back.
#include "queue_log.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "measure.h"

enum { REWRITES_PER_COMMIT = 2 };
static const uint64_t key[2] = {0x0123456789abcdefu, 0xfedcba9876543210u};

struct log_queue queue;
static sqlite3_stmt *add_chunk, *remove_chunk, *remove_progress, *put_progress, *select_directory;

struct log_chunk *log_chunk_at(uint32_t slot) { return &queue.chunks[slot]; }

uint64_t log_order(const struct log_chunk *chunk, uint32_t position) {
    return chunk->base + (chunk->orders ? chunk->orders[position] : position);
}

bool log_is_settled(const struct log_chunk *chunk, uint32_t position) {
    return chunk->settled && (chunk->settled[position / 8] >> position % 8 & 1);
}

static void push(struct slot_list *list, uint32_t slot) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->slots = realloc(list->slots, list->capacity * sizeof *list->slots);
        if (!list->slots) die("out of memory");
    }
    list->slots[list->count++] = slot;
}

static void forget(struct slot_list *list, uint32_t slot) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->slots[i] != slot) continue;
        memmove(&list->slots[i], &list->slots[i + 1], (--list->count - i) * sizeof slot);
        return;
    }
}

uint32_t log_new_chunk(uint32_t records) {
    uint32_t slot = queue.free_slots.count ? queue.free_slots.slots[--queue.free_slots.count] : ++queue.slots_used;
    if (slot >= LOG_CHUNKS_MAX) die("more than %d chunks", LOG_CHUNKS_MAX);
    queue.chunks[slot] = (struct log_chunk){.records = (uint16_t)records, .live = (uint16_t)records};
    return slot;
}

void log_mark_settled(uint32_t slot, uint32_t position) {
    struct log_chunk *chunk = &queue.chunks[slot];
    if (log_is_settled(chunk, position)) return;
    if (!chunk->settled) chunk->settled = allocate((chunk->records + 7u) / 8);
    chunk->settled[position / 8] |= (uint8_t)(1 << position % 8);
    chunk->live--;
    if (!chunk->dirty) push(&queue.dirty, slot);
    chunk->dirty = true;
    if (chunk->live == 0) push(&queue.dead, slot);
    if (chunk->live * 4 < chunk->records && !chunk->sparse) {
        chunk->sparse = true;
        push(&queue.sparse, slot);
    }
}

// Gives a chunk's records their places: that of the waiting version each one replaces, else a new one at the end.
void log_place_records(uint32_t slot, struct directory_entry *directory, const uint64_t *inherited) {
    struct log_chunk *chunk = &queue.chunks[slot];
    uint64_t orders[CHUNK_RECORDS], lowest = UINT64_MAX;
    bool plain = true;
    for (uint32_t i = 0; i < chunk->records; i++) {
        struct hash128 hash = log_hash(&directory[i]);
        struct place old = index_put(&queue.index, hash, (struct place){slot, (uint16_t)i});
        if (inherited) {
            orders[i] = inherited[i];
        } else if (old.slot == slot) {
            orders[i] = orders[old.position];
        } else {
            orders[i] = old.slot ? log_order(&queue.chunks[old.slot], old.position) : queue.next_order++;
        }
        if (old.slot) log_mark_settled(old.slot, old.position);
        if (orders[i] < lowest) lowest = orders[i];
    }
    chunk->base = lowest;
    for (uint32_t i = 0; i < chunk->records; i++) {
        if (orders[i] - lowest > UINT32_MAX) die("places of a chunk are too far apart");
        directory[i].order = (uint32_t)(orders[i] - lowest);
        plain = plain && directory[i].order == i;
    }
    if (plain) return;
    chunk->orders = allocate(chunk->records * sizeof *chunk->orders);
    for (uint32_t i = 0; i < chunk->records; i++) chunk->orders[i] = directory[i].order;
}

void log_store_chunk(uint32_t slot, const struct directory_entry *directory, const uint8_t *payload) {
    struct log_chunk *chunk = &queue.chunks[slot];
    chunk->seq = ++queue.last_seq;
    sqlite3_bind_int64(add_chunk, 1, chunk->seq);
    sqlite3_bind_int64(add_chunk, 2, (sqlite3_int64)chunk->base);
    sqlite3_bind_int64(add_chunk, 3, chunk->records);
    sqlite3_bind_int64(add_chunk, 4, directory[chunk->records - 1].end);
    sqlite3_bind_blob(add_chunk, 5, directory, (int)(chunk->records * sizeof *directory), SQLITE_STATIC);
    database_done(add_chunk);
    queue.payloads->put(chunk->seq, payload, directory[chunk->records - 1].end);
}

static void accept_chunk(const struct batch *batch, uint32_t first, uint32_t records) {
    static struct directory_entry directory[CHUNK_RECORDS];
    uint32_t slot = log_new_chunk(records);
    for (uint32_t i = 0; i < records; i++) {
        struct hash128 hash = siphash128(key, batch_id(batch, first + i), batch->id_length, 1, 3);
        directory[i] = (struct directory_entry){
            .hash = {hash.low, hash.high}, .end = batch->end[first + i + 1] - batch->end[first], .weight = 512};
    }
    log_place_records(slot, directory, 0);
    log_store_chunk(slot, directory, batch->payload + batch->end[first]);
}

static void remove_row(sqlite3_stmt *statement, long long seq) {
    sqlite3_bind_int64(statement, 1, seq);
    database_done(statement);
}

static void remove_dead(void) {
    for (uint32_t i = 0; i < queue.dead.count; i++) {
        struct log_chunk *chunk = &queue.chunks[queue.dead.slots[i]];
        if (chunk->sparse) forget(&queue.sparse, queue.dead.slots[i]);
        remove_row(remove_chunk, chunk->seq);
        if (chunk->settled) remove_row(remove_progress, chunk->seq);
        queue.payloads->drop(chunk->seq);
        free(chunk->settled), free(chunk->orders), free(chunk->directory);
        *chunk = (struct log_chunk){0};
        push(&queue.free_slots, queue.dead.slots[i]);
    }
    queue.dead.count = 0;
}

static void write_progress(void) {
    for (uint32_t i = 0; i < queue.dirty.count; i++) {
        struct log_chunk *chunk = &queue.chunks[queue.dirty.slots[i]];
        if (!chunk->dirty || chunk->live == 0) continue;
        sqlite3_bind_int64(put_progress, 1, chunk->seq);
        sqlite3_bind_blob(put_progress, 2, chunk->settled, (chunk->records + 7) / 8, SQLITE_STATIC);
        database_done(put_progress);
        chunk->dirty = false;
    }
    queue.dirty.count = 0;
}

static void log_accept(const struct batch *batch) {
    database_run(queue.database, "BEGIN IMMEDIATE");
    for (uint32_t first = 0; first < batch->count; first += CHUNK_RECORDS) {
        uint32_t left = batch->count - first;
        accept_chunk(batch, first, left < CHUNK_RECORDS ? left : CHUNK_RECORDS);
    }
    for (int i = 0; i < REWRITES_PER_COMMIT; i++) log_compact();
    remove_dead();
    queue.payloads->before_commit();
    database_run(queue.database, "COMMIT");
    queue.payloads->after_commit();
}

void log_commit_settled(void) {
    database_run(queue.database, "BEGIN IMMEDIATE");
    write_progress();
    remove_dead();
    queue.payloads->before_commit();
    database_run(queue.database, "COMMIT");
    queue.payloads->after_commit();
}

struct directory_entry *log_load_directory(const struct log_chunk *chunk) {
    size_t bytes = chunk->records * sizeof(struct directory_entry);
    struct directory_entry *directory = allocate(bytes);
    sqlite3_bind_int64(select_directory, 1, chunk->seq);
    if (!database_row(select_directory)) die("chunk %lld is gone", chunk->seq);
    memcpy(directory, sqlite3_column_blob(select_directory, 0), bytes);
    sqlite3_reset(select_directory);
    return directory;
}

// A chunk as it was stored: its directory, and what an earlier run wrote of its progress. Later chunks win.
static void restore_chunk(sqlite3_stmt *row) {
    uint32_t slot = log_new_chunk((uint32_t)sqlite3_column_int64(row, 2));
    struct log_chunk *chunk = &queue.chunks[slot];
    const struct directory_entry *directory = sqlite3_column_blob(row, 3);
    const uint8_t *settled = sqlite3_column_blob(row, 4);
    chunk->seq = sqlite3_column_int64(row, 0);
    chunk->base = (uint64_t)sqlite3_column_int64(row, 1);
    queue.last_seq = chunk->seq;
    if (settled) {
        chunk->settled = allocate((chunk->records + 7u) / 8);
        memcpy(chunk->settled, settled, (chunk->records + 7u) / 8);
    }
    for (uint32_t i = 0; i < chunk->records; i++) {
        uint64_t order = chunk->base + directory[i].order;
        if (order >= queue.next_order) queue.next_order = order + 1;
        if (directory[i].order != i && !chunk->orders) {
            chunk->orders = allocate(chunk->records * sizeof *chunk->orders);
            for (uint32_t k = 0; k < chunk->records; k++) chunk->orders[k] = directory[k].order;
        }
        if (log_is_settled(chunk, i)) {
            chunk->live--;
        } else {
            struct place old = index_put(&queue.index, log_hash(&directory[i]), (struct place){slot, (uint16_t)i});
            if (old.slot) log_mark_settled(old.slot, old.position);
        }
    }
    if (chunk->live == 0) push(&queue.dead, slot);
}

static void open_with(const struct payload_store *payloads, sqlite3 *database, const char *directory) {
    queue.payloads = payloads;
    queue.database = database;
    queue.chunks = allocate(LOG_CHUNKS_MAX * sizeof *queue.chunks);
    database_run(database,
        "CREATE TABLE IF NOT EXISTS chunk(seq INTEGER PRIMARY KEY, target INTEGER NOT NULL,"
        " namespace INTEGER NOT NULL, operation INTEGER NOT NULL, encoding INTEGER NOT NULL, base INTEGER NOT NULL,"
        " records INTEGER NOT NULL, bytes INTEGER NOT NULL, directory BLOB NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS progress(chunk INTEGER PRIMARY KEY, settled BLOB NOT NULL) STRICT");
    payloads->open(database, directory);
    add_chunk = database_prepare(database, "INSERT INTO chunk VALUES(?1, 1, 1, 0, 0, ?2, ?3, ?4, ?5)");
    remove_chunk = database_prepare(database, "DELETE FROM chunk WHERE seq = ?1");
    remove_progress = database_prepare(database, "DELETE FROM progress WHERE chunk = ?1");
    put_progress = database_prepare(database, "REPLACE INTO progress(chunk, settled) VALUES(?1, ?2)");
    select_directory = database_prepare(database, "SELECT directory FROM chunk WHERE seq = ?1");
    index_open(&queue.index);
    sqlite3_stmt *rows = database_prepare(database,
        "SELECT seq, base, records, directory, settled FROM chunk LEFT JOIN progress ON chunk = seq ORDER BY seq");
    while (database_row(rows)) restore_chunk(rows);
    sqlite3_finalize(rows);
}

static void log_open(sqlite3 *database, const char *directory) { open_with(&payload_table, database, directory); }

static void segment_log_open(sqlite3 *database, const char *directory) {
    open_with(&payload_segments, database, directory);
}

const struct queue_layout queue_log = {"log of chunks", log_open, log_accept, log_read, log_settle};
const struct queue_layout queue_segment_log = {
    "log, segment files", segment_log_open, log_accept, log_read, log_settle};
