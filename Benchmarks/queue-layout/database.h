// SQLite with the queue's settings; any error ends the process.
#ifndef DATABASE_H
#define DATABASE_H
#include <sqlite3.h>

enum { PAGE_BYTES = 32768 };

/// Opens (or creates) a queue file, sets the pragmas and reads them back.
sqlite3 *database_open(const char *directory, int page_bytes);
void database_run(sqlite3 *database, const char *sql);
long long database_number(sqlite3 *database, const char *sql);
sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql);
/// Runs a statement that returns no row and resets it.
void database_done(sqlite3_stmt *statement);
/// True with a row; false (and reset) at the end.
int database_row(sqlite3_stmt *statement);
#endif
