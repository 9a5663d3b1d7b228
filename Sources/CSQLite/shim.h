#pragma once
#include <sqlite3.h>

// sqlite3_db_config and sqlite3_file_control are variadic or take C enums that Swift does not import.
static inline int upsertd_no_checkpoint_on_close(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

static inline int upsertd_get_memory_methods(sqlite3_mem_methods *methods) {
  return sqlite3_config(SQLITE_CONFIG_GETMALLOC, methods);
}

static inline int upsertd_set_memory_methods(const sqlite3_mem_methods *methods) {
  return sqlite3_config(SQLITE_CONFIG_MALLOC, methods);
}
