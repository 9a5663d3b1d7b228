// The in-memory index of waiting records: keyed hash of an id -> (chunk slot, position), 16 bytes an entry.
//
// 256 shards by the hash's top byte; in a shard slot = (hash * capacity) >> 64, linear probing, deletion by shifting
// back. 64 + 16 hash bits are compared, so ids need not be read again. A shard grows by a quarter at load 7/8.
#ifndef INDEX_H
#define INDEX_H
#include <stdbool.h>
#include <stdint.h>

#include "siphash.h"

/// Where a record lies. `slot` 0 is nowhere.
struct place {
    uint32_t slot;
    uint16_t position;
};

struct index_entry {
    uint64_t hash;
    uint32_t slot;
    uint16_t check, position;
};

struct index_shard {
    struct index_entry *entries;
    uint32_t capacity, count;
};

struct index {
    struct index_shard shards[256];
};

void index_open(struct index *index);
/// Makes room for so many ids, if the index is empty.
void index_reserve(struct index *index, uint64_t count);
void index_close(struct index *index);
/// Sets the place of an id and returns the one it had.
struct place index_put(struct index *index, struct hash128 hash, struct place place);
struct place index_find(const struct index *index, struct hash128 hash);
/// Removes an id; false if it was not there.
bool index_remove(struct index *index, struct hash128 hash);
/// Starts loading the cache line that a following call with this hash will need.
void index_prefetch(const struct index *index, struct hash128 hash);
uint64_t index_bytes(const struct index *index);
#endif
