#include "memory_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "measure.h"

enum { RECORDS = 10000000, PREFETCH_DISTANCE = 16 };
static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

// First vector of the reference implementation's list for SipHash-2-4-128: key 00 01 … 0f, empty input.
static void check_siphash(void) {
    static const uint8_t wanted[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6,
                                       0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
    struct hash128 hash = siphash128(key, (const uint8_t *)"", 0, 2, 4);
    if (memcmp(&hash, wanted, 16) != 0) die("SipHash-2-4-128 does not match its published vector");
}

static void measure_hash(uint32_t length, int c, int d) {
    uint8_t id[36] = {0};
    uint64_t sum = 0;
    struct cost cost = {0};
    cost_start(&cost);
    for (uint64_t i = 0; i < RECORDS; i++) {
        memcpy(id, &i, sizeof i);
        struct hash128 hash = siphash128(key, id, length, c, d);
        sum += hash.low ^ hash.high;
    }
    cost_stop(&cost);
    printf("SipHash-%d-%d-128 of %u bytes: %.1f ns (sum %016llx)\n", c, d, length, 1e9 * cost.cpu / RECORDS,
           (unsigned long long)sum);
}

static double nanoseconds(const struct cost *cost) { return 1e9 * cost->cpu / RECORDS; }

static void measure_index(const struct hash128 *hashes, int distance, bool is_reserved) {
    static struct index index;
    struct cost fresh = {0}, again = {0}, removal = {0};
    index_open(&index);
    if (is_reserved) index_reserve(&index, RECORDS);
    cost_start(&fresh);
    for (int i = 0; i < RECORDS; i++) {
        if (distance && i + distance < RECORDS) index_prefetch(&index, hashes[i + distance]);
        if (index_put(&index, hashes[i], (struct place){1 + (uint32_t)i / 1000, (uint16_t)(i % 1000)}).slot) {
            die("an id of which nothing is known was found");
        }
    }
    cost_stop(&fresh);
    double bytes = (double)index_bytes(&index) / RECORDS;
    cost_start(&again);
    for (int i = 0; i < RECORDS; i++) {
        if (distance && i + distance < RECORDS) index_prefetch(&index, hashes[i + distance]);
        struct place old = index_put(&index, hashes[i], (struct place){1, (uint16_t)(i % 1000)});
        if (old.slot != 1 + (uint32_t)i / 1000 || old.position != i % 1000) die("the index answers wrongly");
    }
    cost_stop(&again);
    cost_start(&removal);
    for (int i = 0; i < RECORDS; i++) {
        if (distance && i + distance < RECORDS) index_prefetch(&index, hashes[i + distance]);
        if (!index_remove(&index, hashes[i])) die("the index lost an id");
    }
    cost_stop(&removal);
    for (int i = 0; i < RECORDS; i += 97) {
        if (index_find(&index, hashes[i]).slot) die("the index kept an id");
    }
    index_close(&index);
    const char *start = is_reserved ? "reserved" : "grown";
    printf("index of %d ids, prefetch %d ahead, %s: new %.0f ns, overwrite %.0f ns, remove %.0f ns, %.1f bytes an id\n",
           RECORDS, distance, start, nanoseconds(&fresh), nanoseconds(&again), nanoseconds(&removal), bytes);
}

void measure_memory_index(void) {
    check_siphash();
    for (uint32_t length = 12; length <= 36; length += 24) {
        measure_hash(length, 1, 3);
        measure_hash(length, 2, 4);
    }
    struct hash128 *hashes = allocate(RECORDS * sizeof *hashes);
    for (uint64_t i = 0; i < RECORDS; i++) hashes[i] = siphash128(key, (const uint8_t *)&i, sizeof i, 1, 3);
    measure_index(hashes, 0, false);
    measure_index(hashes, 0, true);
    measure_index(hashes, PREFETCH_DISTANCE, true);
    free(hashes);
}
