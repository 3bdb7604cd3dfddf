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
        return migrator
    }()
}
