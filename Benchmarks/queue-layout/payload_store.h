// Where the payloads of the log's chunks lie: in a table of the queue, or in segment files beside it.
#ifndef PAYLOAD_STORE_H
#define PAYLOAD_STORE_H
#include <sqlite3.h>
#include <stdint.h>

struct payload_store {
    void (*open)(sqlite3 *database, const char *directory);
    void (*put)(long long chunk, const uint8_t *data, uint32_t bytes);
    void (*read)(long long chunk, uint32_t start, uint32_t bytes, uint8_t *to);
    /// Removes a chunk's payload, in the transaction that removes the chunk.
    void (*drop)(long long chunk);
    /// What must be durable before the commit.
    void (*before_commit)(void);
    /// What may only go after the commit.
    void (*after_commit)(void);
};

extern const struct payload_store payload_table, payload_segments;
#endif
