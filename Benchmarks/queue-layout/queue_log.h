// The log of chunks: state shared by accepting (queue_log.c), sending and rewriting (queue_log_read.c).
#ifndef QUEUE_LOG_H
#define QUEUE_LOG_H
#include "index.h"
#include "payload_store.h"
#include "queue.h"

enum { LOG_CHUNKS_MAX = 1 << 20 };

/// One record in a chunk's directory, 28 bytes. The hash is split so that nothing is padded.
struct __attribute__((packed)) directory_entry {
    uint64_t hash[2];
    /// Where the record ends in the payload, its weight for the request bound, its place relative to the chunk's base.
    uint32_t end, weight, order;
};
_Static_assert(sizeof(struct directory_entry) == 28, "a directory entry is 28 bytes");

struct log_chunk {
    long long seq;
    uint64_t base;
    /// Null while no record is settled or superseded.
    uint8_t *settled;
    /// Null while record i has place base + i.
    uint32_t *orders;
    /// Kept only while records of it are gathered.
    struct directory_entry *directory;
    uint16_t records, live;
    /// The bitmap in memory says more than the progress row.
    bool dirty;
    /// Under a quarter live, to be rewritten.
    bool sparse;
};

struct slot_list {
    uint32_t *slots;
    uint32_t count, capacity;
};

struct log_queue {
    sqlite3 *database;
    const struct payload_store *payloads;
    struct index index;
    struct log_chunk *chunks;  // by slot; slot 0 is never used
    uint32_t slots_used;
    struct slot_list free_slots, dirty, dead, sparse;
    long long last_seq;
    uint64_t next_order;
};

extern struct log_queue queue;

static inline struct hash128 log_hash(const struct directory_entry *entry) {
    return (struct hash128){entry->hash[0], entry->hash[1]};
}

uint64_t log_order(const struct log_chunk *chunk, uint32_t position);
bool log_is_settled(const struct log_chunk *chunk, uint32_t position);
/// A slot for a new chunk whose records all wait.
uint32_t log_new_chunk(uint32_t records);
/// Marks a record settled or superseded, in memory.
void log_mark_settled(uint32_t slot, uint32_t position);
/// Enters a chunk's records in the index and fills in base and orders; `inherited` gives the places, or null.
void log_place_records(uint32_t slot, struct directory_entry *directory, const uint64_t *inherited);
void log_store_chunk(uint32_t slot, const struct directory_entry *directory, const uint8_t *payload);
/// The directory of a stored chunk; the caller frees it.
struct directory_entry *log_load_directory(const struct log_chunk *chunk);
/// Writes the progress of dirty chunks, removes dead ones, commits.
void log_commit_settled(void);

uint32_t log_read(uint8_t *request);
void log_settle(void);
/// Inside a transaction: rewrites chunks under a quarter live into at most one new chunk, once they fill one.
void log_compact(void);
#endif
