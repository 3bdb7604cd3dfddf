import GRDB

/// What is counted of usage records: totals since the file began, and sums by hour and by day.
///
///     counters   name, value            one row for each name, from the start; never decreases
///     hours      start, name, value     start: Unix seconds, a multiple of 3600
///     days       start, name, value     start: Unix seconds, a multiple of 86400
///     counted    name, value            how many rows of each table of records the three above contain
///     imported   digest                 fingerprints of rows that came from other files
///
/// A record falls into the hour and the day of its start as it is stored, so that the sums can be made again from the
/// rows. They are made in SQL from the newest rows of a table, in the transaction that inserts them: for the records of
/// this server, for those of imported files, and for those an original server wrote before it, or in between.
enum UsageCounts {
    /// The upper bounds of the buckets of waiting times, in seconds.
    static let waitBounds = HistogramBounds.human.map { Int($0) }

    /// Every name there is.
    static let names = DetailTable.all.flatMap(\.names)

    /// Makes the tables, with every counter at zero.
    static func create(in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE hours (start INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
                                    PRIMARY KEY (start, name)) WITHOUT ROWID;
                CREATE TABLE days (start INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
                                   PRIMARY KEY (start, name)) WITHOUT ROWID;
                CREATE TABLE counted (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE imported (digest INTEGER PRIMARY KEY);
                """
        )
        for name in names { try database.execute(sql: "INSERT INTO counters VALUES (?, 0)", arguments: [name]) }
        for table in DetailTable.all {
            try database.execute(sql: "INSERT INTO counted VALUES (?, 0)", arguments: [table.name])
        }
    }

    /// Counts the newest rows of a table, which were not counted before. In the transaction that added them.
    static func count(newest rows: Int, of table: DetailTable, in database: Database) throws {
        guard rows > 0 else { return }
        for sql in table.countingStatements {
            try database.cachedStatement(sql: sql).execute(arguments: [rows])
        }
        try add(rows, to: table, in: database)
    }

    /// Says that rows of a table were deleted. What they were counted for stays.
    static func forget(_ rows: Int, of table: DetailTable, in database: Database) throws {
        try add(-rows, to: table, in: database)
    }

    private static func add(_ rows: Int, to table: DetailTable, in database: Database) throws {
        try database.cachedStatement(sql: "UPDATE counted SET value = value + ? WHERE name = ?")
            .execute(arguments: [rows, table.name])
    }

    /// How many rows of each table another program has added since the last row of ours, or deleted (negative).
    ///
    /// Rows are appended, so that the newest are the ones that were not counted.
    static func uncounted(in database: Database) throws -> [(table: DetailTable, rows: Int)] {
        try DetailTable.all.compactMap { table in
            guard try database.tableExists(table.name) else { return nil }
            let present = try Int.fetchOne(database, sql: "SELECT count(*) FROM `\(table.name)`") ?? 0
            let counted = try Int.fetchOne(
                database,
                sql: "SELECT value FROM counted WHERE name = ?",
                arguments: [table.name]
            )
            return present == counted ? nil : (table, present - (counted ?? 0))
        }
    }

    /// Counts the rows that another program has added.
    static func countWhatIsNew(in database: Database) throws {
        for (table, rows) in try uncounted(in: database) {
            if rows > 0 {
                try count(newest: rows, of: table, in: database)
            } else {
                try forget(-rows, of: table, in: database)
            }
        }
    }
}
