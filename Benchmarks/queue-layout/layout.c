// Measures ways to lay out upsertd's durable queue; see README.md and docs/decisions/0001-queue-layout.md.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"
#include "measure.h"
#include "memory_index.h"
#include "queue.h"

enum { STEPS_MAX = 64, VACUUM_PROBE_PAGES = 2000 };
/// Seconds after which accepting or draining one case ends early.
static const double phase_seconds_max = 180;

/// Seconds between two drops of the cached pages.
static const double drop_seconds = 0.25;

struct benchmark {
    const char *name;
    const struct queue_layout *layout;
    struct workload workload;
    int page_bytes;
    /// Leave the files in the page cache; else the parent drops what is clean, as if the backlog exceeded memory.
    bool is_cached;
    /// Shrink the file by incremental_vacuum alone, in one go, instead of by a short run of it and then VACUUM.
    bool is_vacuumed_by_page;
};

static const struct benchmark benchmarks[] = {
    {"log-sequential", &queue_log, {10000000, 0, false}, PAGE_BYTES, false, true},
    {"log-random", &queue_log, {10000000, 0, true}, PAGE_BYTES, false, false},
    {"segments-sequential", &queue_segment_log, {10000000, 0, false}, PAGE_BYTES, false, false},
    {"segments-random", &queue_segment_log, {10000000, 0, true}, PAGE_BYTES, false, false},
    {"rows-sequential", &queue_rows, {10000000, 0, false}, PAGE_BYTES, false, false},
    {"rows-random", &queue_rows, {2000000, 0, true}, PAGE_BYTES, true, false},
    {"rows-random-4k", &queue_rows, {2000000, 0, true}, 4096, true, false},
    {"indexed-sequential", &queue_indexed_chunks, {2000000, 0, false}, PAGE_BYTES, true, false},
    {"indexed-random", &queue_indexed_chunks, {2000000, 0, true}, PAGE_BYTES, true, false},
    {"rows-overwrite", &queue_rows, {1000000, 100000, true}, PAGE_BYTES, true, false},
    {"indexed-overwrite", &queue_indexed_chunks, {1000000, 100000, true}, PAGE_BYTES, true, false},
    {"log-overwrite", &queue_log, {1000000, 100000, true}, PAGE_BYTES, true, false},
    {"segments-overwrite", &queue_segment_log, {1000000, 100000, true}, PAGE_BYTES, true, false},
};
enum { BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0] };

/// Shared between the processes of one case.
struct result {
    struct cost accept, restart, read, settle, vacuum, full_vacuum, vacuum_probe;
    double steps[STEPS_MAX];
    uint32_t step_count;
    uint64_t accepted, waiting, sent, accept_written, drain_written, disk_full, disk_half, disk_empty;
    uint64_t probe_written, vacuumed_pages;
    uint64_t accept_resident, restart_resident, drain_resident;
    bool is_drained;
};

static void run_accept(const struct benchmark *benchmark, const char *directory, struct result *result) {
    const struct workload *workload = &benchmark->workload;
    struct batch *batch = allocate(sizeof *batch);
    uint64_t step_writes = workload->writes >= 8000000 ? 1000000 : 250000, step_end = step_writes;
    double began = wall_seconds(), step_cpu = 0;
    uint64_t written = written_bytes();
    benchmark->layout->open(database_open(directory, benchmark->page_bytes), directory);
    while (result->accepted < workload->writes && wall_seconds() - began < phase_seconds_max) {
        uint64_t left = workload->writes - result->accepted;
        workload_fill(workload, result->accepted, left < BATCH_RECORDS ? (uint32_t)left : BATCH_RECORDS, batch);
        cost_start(&result->accept);
        benchmark->layout->accept(batch);
        cost_stop(&result->accept);
        result->accepted += batch->count;
        if (result->accepted >= step_end && result->step_count < STEPS_MAX) {
            result->steps[result->step_count++] = (result->accept.cpu - step_cpu) / (double)step_writes;
            step_cpu = result->accept.cpu;
            step_end += step_writes;
        }
    }
    result->accept_written = written_bytes() - written;
    result->accept_resident = resident_bytes(true);
    result->disk_full = disk_bytes(directory);
}

static void probe_vacuum(sqlite3 *database, const char *directory, struct result *result) {
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA incremental_vacuum(%d)", VACUUM_PROBE_PAGES);
    uint64_t written = written_bytes();
    result->disk_half = disk_bytes(directory);
    cost_start(&result->vacuum_probe);
    database_run(database, sql);
    cost_stop(&result->vacuum_probe);
    result->probe_written = written_bytes() - written;
}

// incremental_vacuum takes each page out of the free list singly, which is slow while that list is long.
static void shrink(const struct benchmark *benchmark, sqlite3 *database, const char *directory, struct result *result) {
    uint64_t pages = (uint64_t)database_number(database, "PRAGMA freelist_count");
    result->is_drained = true;
    cost_start(&result->vacuum);
    database_run(database, benchmark->is_vacuumed_by_page ? "PRAGMA incremental_vacuum"
                                                          : "PRAGMA incremental_vacuum(2000)");
    cost_stop(&result->vacuum);
    result->vacuumed_pages = pages - (uint64_t)database_number(database, "PRAGMA freelist_count");
    cost_start(&result->full_vacuum);
    if (!benchmark->is_vacuumed_by_page) database_run(database, "VACUUM");
    database_run(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    cost_stop(&result->full_vacuum);
    result->disk_empty = disk_bytes(directory);
}

// Each request is checked outside the clock; 8 requests are acknowledged in one commit.
static void run_drain(const struct benchmark *benchmark, const char *directory, struct result *result,
                      uint8_t *newest, uint64_t stop_at) {
    uint8_t *request = allocate(REQUEST_BYTES_MAX);
    double began = wall_seconds();
    uint64_t resident = resident_bytes(false), written = written_bytes();
    cost_start(&result->restart);
    sqlite3 *database = database_open(directory, benchmark->page_bytes);
    benchmark->layout->open(database, directory);
    cost_stop(&result->restart);
    result->restart_resident = resident_bytes(false) - resident;
    for (bool more = true; more && result->sent < stop_at && wall_seconds() - began < phase_seconds_max;) {
        for (int i = 0; i < CHUNKS_PER_COMMIT && more; i++) {
            cost_start(&result->read);
            uint32_t bytes = benchmark->layout->read(request);
            cost_stop(&result->read);
            more = bytes > 0;
            result->sent += workload_check_sent(request, bytes, newest);
        }
        cost_start(&result->settle);
        benchmark->layout->settle();
        cost_stop(&result->settle);
        bool is_half = !benchmark->workload.ids && result->disk_half == 0 && 2 * result->sent >= result->waiting;
        if (is_half) probe_vacuum(database, directory, result);
    }
    result->drain_resident = resident_bytes(true);
    if (result->sent == result->waiting) shrink(benchmark, database, directory, result);
    result->drain_written += written_bytes() - written - result->probe_written;
}

/// Ends like a crash: nothing is closed.
static void in_child(const struct benchmark *benchmark, const char *directory, struct result *result, uint8_t *newest,
                     uint64_t stop_at) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) die("cannot fork");
    if (child == 0) {
        if (newest) run_drain(benchmark, directory, result, newest, stop_at);
        else run_accept(benchmark, directory, result);
        _exit(0);
    }
    int status;
    pid_t ended;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        usleep((useconds_t)(1e6 * drop_seconds));
        if (!benchmark->is_cached) drop_cached_files(directory);
    }
    if (ended != child || status != 0) die("%s failed", benchmark->name);
}

static void *shared(size_t bytes) {
    void *memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) die("out of memory");
    return memory;
}

static void print_details(const struct result *result) {
    double accepted = (double)result->accepted, sent = (double)result->sent;
    printf("  kernel's share, µs: accept %.2f, read %.2f, settle %.2f; file while waiting %.0f MB\n",
           1e6 * result->accept.kernel / accepted, 1e6 * result->read.kernel / sent,
           1e6 * result->settle.kernel / sent, (double)result->disk_full / 1e6);
    printf("  accept, CPU µs per record, step by step:");
    for (uint32_t i = 0; i < result->step_count; i++) printf(" %.1f", 1e6 * result->steps[i]);
    printf("\n");
    if (result->vacuum_probe.cpu > 0) {
        printf("  half drained: %.0f MB; incremental_vacuum costs %.0f CPU µs and %.0f B written a page\n",
               (double)result->disk_half / 1e6, 1e6 * result->vacuum_probe.cpu / VACUUM_PROBE_PAGES,
               (double)result->probe_written / VACUUM_PROBE_PAGES);
    }
    if (result->vacuumed_pages) {
        printf("  empty: incremental_vacuum of %llu pages %.2f CPU s (%.0f µs a page), then VACUUM %.3f CPU s\n",
               (unsigned long long)result->vacuumed_pages, result->vacuum.cpu,
               1e6 * result->vacuum.cpu / (double)result->vacuumed_pages, result->full_vacuum.cpu);
    }
}

static void print_result(const struct benchmark *benchmark, const struct result *result) {
    double accepted = (double)result->accepted, sent = (double)result->sent;
    uint32_t bytes = workload_record_bytes(&benchmark->workload), id = workload_id_bytes(&benchmark->workload);
    printf("| %s | %.2f M | %.2f | %.2f | %.2f | %.2f / %.1f | %.1f | %.3f | %.2f | %.0f | ", benchmark->name,
           accepted / 1e6, 1e6 * result->accept.cpu / accepted, 1e6 * result->read.cpu / sent,
           1e6 * result->settle.cpu / sent, result->restart.cpu, result->restart.wall,
           (double)result->restart_resident / (double)result->waiting,
           (double)result->disk_full / (double)result->waiting / (bytes + id + 64),
           (double)result->accept_written / accepted / bytes, (double)result->drain_written / sent);
    if (result->is_drained) printf("%.2f", (double)result->disk_empty / 1e6);
    else printf("(drained %.2f M)", sent / 1e6);
    printf(" | %.0f / %.0f | %.0f / %.0f |\n", (double)result->accept_resident / 1e6,
           (double)result->drain_resident / 1e6, result->accept.wall, result->read.wall + result->settle.wall);
    print_details(result);
}

static uint64_t count_bits(const uint8_t *bits, uint64_t bytes) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < bytes; i++) count += (uint64_t)__builtin_popcount(bits[i]);
    return count;
}

// An overwrite workload is drained in two halves with a restart between, so a version that came back would be noticed.
static void run(const struct benchmark *benchmark, const char *directory) {
    struct result *result = shared(sizeof *result);
    in_child(benchmark, directory, result, 0, 0);
    uint64_t bytes = result->accepted / 8 + 1;
    uint8_t *newest = workload_newest(&benchmark->workload, result->accepted, shared(bytes));
    result->waiting = count_bits(newest, bytes);
    if (benchmark->workload.ids) in_child(benchmark, directory, result, newest, result->waiting / 2);
    in_child(benchmark, directory, result, newest, UINT64_MAX);
    if (result->is_drained && count_bits(newest, bytes) != 0) die("%s lost records", benchmark->name);
    print_result(benchmark, result);
    remove_files(directory);
    munmap(newest, bytes);
    munmap(result, sizeof *result);
}

static void print_header(void) {
    printf("SQLite %s\n\n| case | records | accept CPU µs | read CPU µs | settle CPU µs | restart s CPU / wall |"
           " restart RSS B/record | disk ratio | write amp | drain written B/record | empty file MB |"
           " peak RSS MB accept / drain | wall s accept / drain |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n", sqlite3_libversion());
}

int main(int count, char **arguments) {
    char directory[3000];
    if (count < 3) {
        fprintf(stderr, "usage: layout DIRECTORY all|memory|CASE...\ncases:");
        for (int i = 0; i < BENCHMARKS; i++) fprintf(stderr, " %s", benchmarks[i].name);
        fprintf(stderr, "\n");
        return 64;
    }
    snprintf(directory, sizeof directory, "%s/upsertd-queue-layout.%d", arguments[1], (int)getpid());
    if (mkdir(directory, 0700) != 0) die("cannot create %s", directory);
    print_header();
    for (int a = 2; a < count; a++) {
        bool is_all = strcmp(arguments[a], "all") == 0, is_known = is_all;
        for (int i = 0; i < BENCHMARKS; i++) {
            if (!is_all && strcmp(arguments[a], benchmarks[i].name) != 0) continue;
            run(&benchmarks[i], directory);
            is_known = true;
        }
        if (is_all || strcmp(arguments[a], "memory") == 0) measure_memory_index();
        else if (!is_known) die("no case %s", arguments[a]);
    }
    rmdir(directory);
    return 0;
}
