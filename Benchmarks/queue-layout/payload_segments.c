#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "database.h"
#include "measure.h"
#include "payload_store.h"

enum { SEGMENT_BYTES = 64 << 20, SEGMENTS_MAX = 1 << 16 };

static char directory[3000];
static sqlite3_stmt *insert, *select_place, *removal;
static uint32_t chunks_in[SEGMENTS_MAX];     // by segment
static uint32_t emptied[SEGMENTS_MAX], emptied_count;
static uint32_t current, current_bytes, read_segment;
static int current_file = -1, read_file = -1, unsynced;

static int open_segment(uint32_t segment, int flags) {
    char path[4096];
    snprintf(path, sizeof path, "%s/segment-%08u", directory, segment);
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file < 0) die("cannot open %s", path);
    return file;
}

static void sync_directory(void) {
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fsync(folder) != 0) die("cannot sync %s", directory);
    close(folder);
}

static void segments_before_commit(void) {
    if (unsynced && fdatasync(current_file) != 0) die("cannot sync segment %u", current);
    unsynced = 0;
}

static void segments_open(sqlite3 *database, const char *opened) {
    snprintf(directory, sizeof directory, "%s", opened);
    database_run(database, "CREATE TABLE IF NOT EXISTS place(chunk INTEGER PRIMARY KEY, segment INTEGER NOT NULL,"
                           " offset INTEGER NOT NULL) STRICT");
    insert = database_prepare(database, "INSERT INTO place(chunk, segment, offset) VALUES(?1, ?2, ?3)");
    select_place = database_prepare(database, "SELECT segment, offset FROM place WHERE chunk = ?1");
    removal = database_prepare(database, "DELETE FROM place WHERE chunk = ?1");
    sqlite3_stmt *counts = database_prepare(database, "SELECT segment, count(*) FROM place GROUP BY segment");
    while (database_row(counts)) {
        current = (uint32_t)sqlite3_column_int64(counts, 0);
        chunks_in[current] = (uint32_t)sqlite3_column_int64(counts, 1);
    }
    sqlite3_finalize(counts);
}

static void segments_put(long long chunk, const uint8_t *data, uint32_t bytes) {
    if (current_file < 0 || current_bytes + bytes > SEGMENT_BYTES) {
        segments_before_commit();
        if (current_file >= 0) close(current_file);
        current_file = open_segment(++current, O_WRONLY | O_CREAT | O_EXCL);
        current_bytes = 0;
        sync_directory();
    }
    if (pwrite(current_file, data, bytes, current_bytes) != (ssize_t)bytes) die("cannot write segment %u", current);
    sqlite3_bind_int64(insert, 1, chunk);
    sqlite3_bind_int64(insert, 2, current);
    sqlite3_bind_int64(insert, 3, current_bytes);
    database_done(insert);
    chunks_in[current]++;
    current_bytes += bytes;
    unsynced = 1;
}

static uint32_t find(long long chunk, uint32_t *segment) {
    sqlite3_bind_int64(select_place, 1, chunk);
    if (!database_row(select_place)) die("chunk %lld has no place", chunk);
    *segment = (uint32_t)sqlite3_column_int64(select_place, 0);
    uint32_t offset = (uint32_t)sqlite3_column_int64(select_place, 1);
    sqlite3_reset(select_place);
    return offset;
}

static void segments_read(long long chunk, uint32_t start, uint32_t bytes, uint8_t *to) {
    uint32_t segment, offset = find(chunk, &segment);
    if (read_file < 0 || segment != read_segment) {
        if (read_file >= 0) close(read_file);
        read_file = open_segment(read_segment = segment, O_RDONLY);
    }
    if (pread(read_file, to, bytes, offset + start) != (ssize_t)bytes) die("cannot read segment %u", segment);
}

static void segments_drop(long long chunk) {
    uint32_t segment;
    find(chunk, &segment);
    sqlite3_bind_int64(removal, 1, chunk);
    database_done(removal);
    bool is_written = segment == current && current_file >= 0;
    if (--chunks_in[segment] == 0 && !is_written) emptied[emptied_count++] = segment;
}

static void segments_after_commit(void) {
    for (uint32_t i = 0; i < emptied_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/segment-%08u", directory, emptied[i]);
        if (unlink(path) != 0) die("cannot remove %s", path);
    }
    emptied_count = 0;
}

const struct payload_store payload_segments = {segments_open, segments_put,           segments_read,
                                               segments_drop, segments_before_commit, segments_after_commit};
