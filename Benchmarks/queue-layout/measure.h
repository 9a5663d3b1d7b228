// What a piece of work costs this process: CPU, wall time, bytes written, memory, disk.
#ifndef MEASURE_H
#define MEASURE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Seconds, summed over all spans between `cost_start` and `cost_stop`; `kernel` is part of `cpu`.
struct cost {
    double cpu, kernel, wall;
    double cpu_started, kernel_started, wall_started;
};

void cost_start(struct cost *cost);
void cost_stop(struct cost *cost);
double wall_seconds(void);
/// Bytes this process caused to be sent to storage (`write_bytes` of /proc/self/io: pages dirtied).
uint64_t written_bytes(void);
/// Resident bytes now (`VmRSS`) or at most so far (`VmHWM`).
uint64_t resident_bytes(bool peak);
/// Allocated bytes of all files directly in a directory.
uint64_t disk_bytes(const char *directory);
void remove_files(const char *directory);
/// Drops the clean cached pages of all files directly in a directory, except write-ahead logs.
void drop_cached_files(const char *directory);
/// Prints a message and ends the process with status 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *allocate(size_t bytes);
#endif
