// Sending from the log of chunks, and rewriting chunks that are mostly superseded.
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "queue_log.h"

struct waiting_record {
    uint64_t order;
    uint32_t slot;
    uint16_t position;
};

// Untouched chunks are sent as they lie, by slot; otherwise waiting records are gathered in order of their places.
static bool is_opened, is_gathering;
static uint32_t next_slot = 1;
static struct waiting_record *waiting;
static uint64_t waiting_count, next_waiting, settled_waiting;
static uint32_t sent[CHUNKS_PER_COMMIT], sent_count;

static int by_order(const void *left, const void *right) {
    const struct waiting_record *a = left, *b = right;
    return (a->order > b->order) - (a->order < b->order);
}

static int by_place(const void *left, const void *right) {
    const struct waiting_record *a = left, *b = right;
    if (a->slot != b->slot) return a->slot > b->slot ? 1 : -1;
    return (a->position > b->position) - (a->position < b->position);
}

static void open_reading(void) {
    is_opened = true;
    for (uint32_t slot = 1; slot <= queue.slots_used; slot++) {
        is_gathering |= queue.chunks[slot].settled || queue.chunks[slot].orders;
        waiting_count += queue.chunks[slot].live;
    }
    if (!is_gathering) return;
    waiting = allocate(waiting_count * sizeof *waiting);
    waiting_count = 0;
    for (uint32_t slot = 1; slot <= queue.slots_used; slot++) {
        struct log_chunk *chunk = &queue.chunks[slot];
        if (chunk->live) chunk->directory = log_load_directory(chunk);
        for (uint32_t i = 0; i < chunk->records; i++) {
            if (!log_is_settled(chunk, i)) {
                waiting[waiting_count++] = (struct waiting_record){log_order(chunk, i), slot, (uint16_t)i};
            }
        }
    }
    qsort(waiting, waiting_count, sizeof *waiting, by_order);
}

static uint32_t start_of(const struct directory_entry *directory, uint32_t position) {
    return position ? directory[position - 1].end : 0;
}

static uint32_t read_record(const struct log_chunk *chunk, const struct directory_entry *directory, uint32_t position,
                            uint8_t *to) {
    uint32_t start = start_of(directory, position), bytes = directory[position].end - start;
    queue.payloads->read(chunk->seq, start, bytes, to);
    return bytes;
}

// Different ids commute, so within a request the records go chunk by chunk.
static uint32_t gather(uint8_t *request) {
    uint64_t left = waiting_count - next_waiting;
    uint32_t count = left < CHUNK_RECORDS ? (uint32_t)left : CHUNK_RECORDS, bytes = 0;
    qsort(waiting + next_waiting, count, sizeof *waiting, by_place);
    for (uint32_t i = 0; i < count; i++, next_waiting++) {
        const struct log_chunk *chunk = &queue.chunks[waiting[next_waiting].slot];
        bytes += read_record(chunk, chunk->directory, waiting[next_waiting].position, request + bytes);
    }
    return bytes;
}

uint32_t log_read(uint8_t *request) {
    if (!is_opened) open_reading();
    if (is_gathering) return gather(request);
    if (next_slot > queue.slots_used) return 0;
    struct log_chunk *chunk = &queue.chunks[next_slot];
    chunk->directory = log_load_directory(chunk);
    uint32_t bytes = chunk->directory[chunk->records - 1].end;
    queue.payloads->read(chunk->seq, 0, bytes, request);
    sent[sent_count++] = next_slot++;
    return bytes;
}

static void settle_record(uint32_t slot, uint32_t position) {
    if (!index_remove(&queue.index, log_hash(&queue.chunks[slot].directory[position]))) die("record not in the index");
    log_mark_settled(slot, position);
}

void log_settle(void) {
    for (uint32_t i = 0; i < sent_count; i++) {
        for (uint32_t k = 0; k < queue.chunks[sent[i]].records; k++) settle_record(sent[i], k);
    }
    sent_count = 0;
    for (; settled_waiting < next_waiting; settled_waiting++) {
        settle_record(waiting[settled_waiting].slot, waiting[settled_waiting].position);
    }
    log_commit_settled();
}

// How many sparse chunks, the first ones first, fill one chunk; 0 while all of them together would not.
static uint32_t choose_sparse(void) {
    uint32_t live = 0;
    for (uint32_t chosen = 0; chosen < queue.sparse.count; chosen++) {
        live += queue.chunks[queue.sparse.slots[chosen]].live;
        if (live > CHUNK_RECORDS) return chosen;
    }
    return 0;
}

void log_compact(void) {
    static struct directory_entry directory[CHUNK_RECORDS];
    static uint8_t payload[REQUEST_BYTES_MAX];
    uint64_t places[CHUNK_RECORDS];
    uint32_t chosen = choose_sparse(), count = 0, bytes = 0;
    if (!chosen) return;
    for (uint32_t c = 0; c < chosen; c++) {
        const struct log_chunk *chunk = &queue.chunks[queue.sparse.slots[c]];
        struct directory_entry *from = chunk->live ? log_load_directory(chunk) : 0;
        for (uint32_t i = 0; from && i < chunk->records; i++) {
            if (log_is_settled(chunk, i)) continue;
            bytes += read_record(chunk, from, i, payload + bytes);
            directory[count] = from[i];
            directory[count].end = bytes;
            places[count++] = log_order(chunk, i);
        }
        free(from);
    }
    queue.sparse.count -= chosen;
    memmove(queue.sparse.slots, queue.sparse.slots + chosen, queue.sparse.count * sizeof *queue.sparse.slots);
    uint32_t slot = log_new_chunk(count);
    log_place_records(slot, directory, places);
    log_store_chunk(slot, directory, payload);
}
