#include "index.h"

#include <sys/mman.h>

#include "measure.h"

enum { PAGE_ENTRIES = 4096 / sizeof(struct index_entry) };

static struct index_entry *map_entries(uint32_t capacity) {
    void *memory = mmap(0, capacity * sizeof(struct index_entry), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) die("out of memory for an index shard of %u entries", capacity);
    return memory;
}

void index_open(struct index *index) {
    for (int i = 0; i < 256; i++) {
        index->shards[i] = (struct index_shard){map_entries(PAGE_ENTRIES), PAGE_ENTRIES, 0};
    }
}

// A shard holds a binomial share; 4 % and a page more than the mean is far out in its tail.
void index_reserve(struct index *index, uint64_t count) {
    uint32_t pages = (uint32_t)((double)count / 256 * 1.04 * 8 / 7) / PAGE_ENTRIES + 1;
    uint32_t wanted = pages * PAGE_ENTRIES;
    for (int i = 0; i < 256; i++) {
        struct index_shard *shard = &index->shards[i];
        if (shard->count || wanted <= shard->capacity) continue;
        munmap(shard->entries, shard->capacity * sizeof(struct index_entry));
        *shard = (struct index_shard){map_entries(wanted), wanted, 0};
    }
}

void index_close(struct index *index) {
    for (int i = 0; i < 256; i++) {
        munmap(index->shards[i].entries, index->shards[i].capacity * sizeof(struct index_entry));
    }
}

static uint32_t home(const struct index_shard *shard, uint64_t hash) {
    return (uint32_t)(((unsigned __int128)(hash << 8) * shard->capacity) >> 64);
}

static uint32_t next(const struct index_shard *shard, uint32_t at) { return at + 1 == shard->capacity ? 0 : at + 1; }

// The entry of this hash, or the empty one where it belongs.
static uint32_t probe(const struct index_shard *shard, uint64_t hash, uint16_t check) {
    uint32_t at = home(shard, hash);
    while (shard->entries[at].slot && !(shard->entries[at].hash == hash && shard->entries[at].check == check)) {
        at = next(shard, at);
    }
    return at;
}

static void grow(struct index_shard *shard) {
    struct index_shard old = *shard;
    shard->capacity = (old.capacity + old.capacity / 4 + PAGE_ENTRIES - 1) / PAGE_ENTRIES * PAGE_ENTRIES;
    shard->entries = map_entries(shard->capacity);
    for (uint32_t i = 0; i < old.capacity; i++) {
        struct index_entry entry = old.entries[i];
        if (entry.slot) shard->entries[probe(shard, entry.hash, entry.check)] = entry;
    }
    munmap(old.entries, old.capacity * sizeof(struct index_entry));
}

struct place index_put(struct index *index, struct hash128 hash, struct place place) {
    struct index_shard *shard = &index->shards[hash.low >> 56];
    uint16_t check = (uint16_t)hash.high;
    uint32_t at = probe(shard, hash.low, check);
    struct place old = {shard->entries[at].slot, shard->entries[at].position};
    if (!old.slot && ++shard->count > shard->capacity / 8 * 7) {
        grow(shard);
        at = probe(shard, hash.low, check);
    }
    shard->entries[at] = (struct index_entry){hash.low, place.slot, check, place.position};
    return old;
}

struct place index_find(const struct index *index, struct hash128 hash) {
    const struct index_shard *shard = &index->shards[hash.low >> 56];
    uint32_t at = probe(shard, hash.low, (uint16_t)hash.high);
    return (struct place){shard->entries[at].slot, shard->entries[at].position};
}

bool index_remove(struct index *index, struct hash128 hash) {
    struct index_shard *shard = &index->shards[hash.low >> 56];
    uint32_t hole = probe(shard, hash.low, (uint16_t)hash.high);
    if (!shard->entries[hole].slot) return false;
    // An entry may move back into the hole unless its home lies after the hole, up to where it stands (cyclically).
    for (uint32_t at = next(shard, hole); shard->entries[at].slot; at = next(shard, at)) {
        uint32_t wanted = home(shard, shard->entries[at].hash);
        bool stays = hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
        if (!stays) {
            shard->entries[hole] = shard->entries[at];
            hole = at;
        }
    }
    shard->entries[hole].slot = 0;
    shard->count--;
    return true;
}

void index_prefetch(const struct index *index, struct hash128 hash) {
    const struct index_shard *shard = &index->shards[hash.low >> 56];
    __builtin_prefetch(&shard->entries[home(shard, hash.low)]);
}

uint64_t index_bytes(const struct index *index) {
    uint64_t bytes = 0;
    for (int i = 0; i < 256; i++) bytes += index->shards[i].capacity * sizeof(struct index_entry);
    return bytes;
}
