#include "workload.h"

#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { VALUES_BYTES = 128 * 4, POOL_BYTES = 1 << 20 };
static const uint64_t seed = 20240601;

// SplitMix64 (Steele, Lea, Flood 2014): position `i` of the stream with this seed.
static uint64_t random_at(uint64_t stream, uint64_t i) {
    uint64_t z = seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t key_of(const struct workload *workload, uint64_t write) {
    return workload->ids ? random_at(1, write) % workload->ids : write;
}

static void write_uuid(uint8_t *to, uint64_t key) {
    static const char digits[] = "0123456789abcdef";
    uint64_t halves[2] = {random_at(2, key), random_at(3, key)};
    for (int i = 0, nibble = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            to[i] = '-';
        } else {
            to[i] = (uint8_t)digits[halves[nibble / 16] >> (4 * (nibble % 16)) & 15];
            nibble++;
        }
    }
}

static void write_decimal(uint8_t *to, uint64_t key) {
    for (int i = 11; i >= 0; i--, key /= 10) to[i] = (uint8_t)('0' + key % 10);
}

static const uint8_t *value_pool(void) {
    static uint8_t *pool;
    if (!pool) {
        pool = allocate(POOL_BYTES + VALUES_BYTES);
        for (uint32_t i = 0; i < (POOL_BYTES + VALUES_BYTES) / 4; i++) {
            float value = (float)(random_at(4, i) >> 40) * 0x1p-24f;
            memcpy(pool + 4 * i, &value, 4);
        }
    }
    return pool;
}

uint32_t workload_id_bytes(const struct workload *workload) { return workload->random_ids ? 36 : 12; }

// tag, length (2), tag, id length, id, tag, values length (2), values.
uint32_t workload_record_bytes(const struct workload *workload) {
    return 3 + 2 + workload_id_bytes(workload) + 3 + VALUES_BYTES;
}

void workload_fill(const struct workload *workload, uint64_t first, uint32_t count, struct batch *batch) {
    const uint8_t *pool = value_pool();
    uint8_t *to = batch->payload;
    uint32_t length = workload_record_bytes(workload) - 3;
    batch->count = count;
    batch->id_length = workload_id_bytes(workload);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t write = first + i, key = key_of(workload, write);
        batch->end[i] = (uint32_t)(to - batch->payload);
        *to++ = 0x0a;
        *to++ = (uint8_t)(length | 0x80);
        *to++ = (uint8_t)(length >> 7);
        *to++ = 0x0a;
        *to++ = (uint8_t)batch->id_length;
        if (workload->random_ids) write_uuid(to, key);
        else write_decimal(to, key);
        to += batch->id_length;
        *to++ = 0x12;
        *to++ = (VALUES_BYTES & 0x7f) | 0x80;
        *to++ = VALUES_BYTES >> 7;
        memcpy(to, pool + random_at(5, write) % (POOL_BYTES / 4) * 4, VALUES_BYTES);
        memcpy(to, &write, sizeof write);  // the stamp by which a sent record is recognised
        to += VALUES_BYTES;
    }
    batch->end[count] = (uint32_t)(to - batch->payload);
}

const uint8_t *batch_id(const struct batch *batch, uint32_t i) { return batch->payload + batch->end[i] + 5; }

uint8_t *workload_newest(const struct workload *workload, uint64_t writes, uint8_t *bits) {
    memset(bits, 0, writes / 8 + 1);
    if (!workload->ids) {
        for (uint64_t i = 0; i < writes; i++) bits[i / 8] |= (uint8_t)(1 << i % 8);
        return bits;
    }
    uint64_t *newest = allocate(workload->ids * sizeof *newest);
    for (uint64_t i = 0; i < writes; i++) newest[key_of(workload, i)] = i + 1;
    for (uint64_t key = 0; key < workload->ids; key++) {
        if (newest[key]) bits[(newest[key] - 1) / 8] |= (uint8_t)(1 << (newest[key] - 1) % 8);
    }
    free(newest);
    return bits;
}

uint32_t workload_check_sent(const uint8_t *request, uint32_t bytes, uint8_t *waiting) {
    uint32_t records = 0;
    for (uint32_t at = 0; at < bytes; records++) {
        if (request[at] != 0x0a || request[at + 3] != 0x0a) die("request is damaged at byte %u", at);
        uint64_t write;
        memcpy(&write, request + at + 5 + request[at + 4] + 3, sizeof write);
        if (!(waiting[write / 8] >> write % 8 & 1)) die("write %llu sent twice or though replaced",
                                                         (unsigned long long)write);
        waiting[write / 8] &= (uint8_t)~(1 << write % 8);
        at += 3 + (request[at + 1] & 0x7fu) + ((uint32_t)request[at + 2] << 7);
    }
    return records;
}
