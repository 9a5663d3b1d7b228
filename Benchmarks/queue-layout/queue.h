// What every layout must do. One queue a process.
#ifndef QUEUE_H
#define QUEUE_H
#include <sqlite3.h>

#include "workload.h"

struct queue_layout {
    const char *name;
    /// Opens the queue and rebuilds whatever it keeps in memory.
    void (*open)(sqlite3 *database, const char *directory);
    /// Stores a batch durably; a newer write of a waiting id replaces the older and keeps its place.
    void (*accept)(const struct batch *batch);
    /// Copies the next waiting records, in order, at most CHUNK_RECORDS, to `request`. Returns its bytes; 0 at the end.
    uint32_t (*read)(uint8_t *request);
    /// Durably removes everything that was read since the last call.
    void (*settle)(void);
};

extern const struct queue_layout queue_rows, queue_indexed_chunks, queue_log, queue_segment_log;
#endif
