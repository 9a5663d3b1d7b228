#include "measure.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time) { return (double)time.tv_sec + 1e-6 * (double)time.tv_usec; }

static void read_cpu(double *cpu, double *kernel) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *kernel = seconds(usage.ru_stime);
    *cpu = seconds(usage.ru_utime) + *kernel;
}

double wall_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cost_start(struct cost *cost) {
    cost->wall_started = wall_seconds();
    read_cpu(&cost->cpu_started, &cost->kernel_started);
}

void cost_stop(struct cost *cost) {
    double cpu, kernel;
    read_cpu(&cpu, &kernel);
    cost->cpu += cpu - cost->cpu_started;
    cost->kernel += kernel - cost->kernel_started;
    cost->wall += wall_seconds() - cost->wall_started;
}

static uint64_t proc_number(const char *path, const char *name) {
    FILE *file = fopen(path, "r");
    char line[256];
    unsigned long long number = 0;
    bool found = false;
    if (!file) die("cannot open %s", path);
    while (!found && fgets(line, sizeof line, file)) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) == 0) found = sscanf(line + length, ": %llu", &number) == 1;
    }
    fclose(file);
    if (!found) die("no %s in %s", name, path);
    return number;
}

uint64_t written_bytes(void) { return proc_number("/proc/self/io", "write_bytes"); }

uint64_t resident_bytes(bool peak) { return 1024 * proc_number("/proc/self/status", peak ? "VmHWM" : "VmRSS"); }

enum visit { COUNT, REMOVE, DROP_CACHED };

static void drop_cached(int folder, const char *name) {
    int file = strstr(name, "-wal") ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
}

static uint64_t visit_files(const char *directory, enum visit visit) {
    DIR *listing = opendir(directory);
    uint64_t bytes = 0;
    if (!listing) die("cannot open directory %s", directory);
    for (struct dirent *entry; (entry = readdir(listing));) {
        struct stat status;
        if (fstatat(dirfd(listing), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISREG(status.st_mode)) continue;
        bytes += 512 * (uint64_t)status.st_blocks;
        if (visit == DROP_CACHED) drop_cached(dirfd(listing), entry->d_name);
        if (visit != REMOVE) continue;
        if (unlinkat(dirfd(listing), entry->d_name, 0) != 0) die("cannot remove %s", entry->d_name);
    }
    closedir(listing);
    return bytes;
}

uint64_t disk_bytes(const char *directory) { return visit_files(directory, COUNT); }

void remove_files(const char *directory) { visit_files(directory, REMOVE); }

void drop_cached_files(const char *directory) { visit_files(directory, DROP_CACHED); }

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "layout: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

void *allocate(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory) die("out of memory for %zu bytes", bytes);
    return memory;
}
