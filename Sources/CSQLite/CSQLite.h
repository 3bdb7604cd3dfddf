// What Swift cannot import from SQLite by itself, each with its reason.
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

// sqlite3_config takes variable arguments. Without the statistics, allocating memory takes no lock that all databases share.
// Before the first database is opened. Source: SQLite, "Configuration Options", SQLITE_CONFIG_MEMSTATUS.
static inline int csqlite_skip_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#endif
