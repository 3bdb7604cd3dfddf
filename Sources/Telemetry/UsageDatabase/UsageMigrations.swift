import GRDB

/// How the tables of our own come into a usage database, whichever server made the file.
enum UsageMigrations {
    /// Adds what is missing, in order. What is there already, records above all, stays as it is.
    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("history", foreignKeyChecks: .immediate) { database in
            try UsageCounts.create(in: database)
            try UsageCounts.countWhatIsNew(in: database)
        }
        // The relay's own `current` does not say that times are blurred. A reader that does not know would miss what began in
        // the window in which the server started. One row, for the start that `current` shows.
        migrator.registerMigration("blurring", foreignKeyChecks: .immediate) { database in
            try database.execute(sql: "CREATE TABLE blurring (rebooted INTEGER NOT NULL, blur_time INTEGER)")
        }
        return migrator
    }()
}
