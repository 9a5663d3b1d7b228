#include "database.h"

#include <stdio.h>
#include <string.h>

#include "measure.h"

static void expect(sqlite3 *database, const char *pragma, long long wanted) {
    long long got = database_number(database, pragma);
    if (got != wanted) die("%s is %lld instead of %lld", pragma, got, wanted);
}

sqlite3 *database_open(const char *directory, int page_bytes) {
    char path[4096], page_size[64];
    sqlite3 *database;
    snprintf(path, sizeof path, "%s/queue.sqlite", directory);
    snprintf(page_size, sizeof page_size, "PRAGMA page_size = %d", page_bytes);
    if (sqlite3_open(path, &database) != SQLITE_OK) die("cannot open %s", path);
    database_run(database, "PRAGMA locking_mode = EXCLUSIVE");
    database_run(database, page_size);
    database_run(database, "PRAGMA auto_vacuum = INCREMENTAL");
    database_run(database, "PRAGMA journal_mode = WAL");
    database_run(database, "PRAGMA synchronous = FULL");
    database_run(database, "PRAGMA secure_delete = OFF");
    database_run(database, "PRAGMA cache_size = -24576");
    // 16 MB of log, whatever the page size is.
    database_run(database, page_bytes == PAGE_BYTES ? "PRAGMA wal_autocheckpoint = 500"
                                                    : "PRAGMA wal_autocheckpoint = 4000");
    expect(database, "PRAGMA page_size", page_bytes);
    expect(database, "PRAGMA auto_vacuum", 2);
    expect(database, "PRAGMA synchronous", 2);
    expect(database, "PRAGMA secure_delete", 0);
    sqlite3_stmt *mode = database_prepare(database, "PRAGMA journal_mode");
    if (!database_row(mode) || strcmp((const char *)sqlite3_column_text(mode, 0), "wal") != 0) die("not in WAL mode");
    sqlite3_finalize(mode);
    return database;
}

void database_run(sqlite3 *database, const char *sql) {
    if (sqlite3_exec(database, sql, 0, 0, 0) != SQLITE_OK) die("%s: %s", sql, sqlite3_errmsg(database));
}

long long database_number(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = database_prepare(database, sql);
    long long number = database_row(statement) ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return number;
}

sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0) != SQLITE_OK) {
        die("%s: %s", sql, sqlite3_errmsg(database));
    }
    return statement;
}

void database_done(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK) {
        die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(sqlite3_db_handle(statement)));
    }
}

int database_row(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return 1;
    if (code != SQLITE_DONE) die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(sqlite3_db_handle(statement)));
    sqlite3_reset(statement);
    return 0;
}
