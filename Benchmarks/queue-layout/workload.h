// The records: 128-dimensional protobuf vectors as `UpsertRequest.vectors` holds them, the same for every layout.
#ifndef WORKLOAD_H
#define WORKLOAD_H
#include <stdbool.h>
#include <stdint.h>

enum { CHUNK_RECORDS = 1000, CHUNKS_PER_COMMIT = 8, BATCH_RECORDS = CHUNK_RECORDS * CHUNKS_PER_COMMIT };
enum { RECORD_BYTES_MAX = 560, REQUEST_BYTES_MAX = CHUNK_RECORDS * RECORD_BYTES_MAX };

struct workload {
    /// Writes in all.
    uint64_t writes;
    /// Distinct ids, chosen uniformly; 0 gives every write an id of its own.
    uint64_t ids;
    /// 36 random characters (UUID form) instead of 12 ascending digits.
    bool random_ids;
};

/// Encoded records, end to end; record i is `payload[end[i], end[i + 1])`.
struct batch {
    uint32_t count;
    uint32_t id_length;
    uint32_t end[BATCH_RECORDS + 1];
    uint8_t payload[BATCH_RECORDS * RECORD_BYTES_MAX];
};

/// Fills a batch with `count` writes that begin at number `first`.
void workload_fill(const struct workload *workload, uint64_t first, uint32_t count, struct batch *batch);
/// The id's characters of record `i`.
const uint8_t *batch_id(const struct batch *batch, uint32_t i);
uint32_t workload_record_bytes(const struct workload *workload);
uint32_t workload_id_bytes(const struct workload *workload);
/// One bit a write: set where it is the newest of its id. The caller owns the memory.
uint8_t *workload_newest(const struct workload *workload, uint64_t writes, uint8_t *bits);
/// Clears the bits of the writes in a request; ends the process if one was not waiting. Returns the records seen.
uint32_t workload_check_sent(const uint8_t *request, uint32_t bytes, uint8_t *waiting);
#endif
