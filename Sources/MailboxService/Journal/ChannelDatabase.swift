import GRDB
import GRDBSQLite
import Glibc
import LinuxIO
package import MailboxRules

/// The SQLite file that holds the live state: nameplates, mailboxes, their sides and messages.
///
/// Written ahead of the file itself (WAL) while the server runs, so that a commit is one write and, with full
/// synchronisation, one flush; brought back to a single plain file when it is closed. One connection, on one thread at a time.
///
/// Foreign keys are checked when the file is opened and not on every statement: the rules keep them, and their check would
/// search tables that have no index for it.
package final class ChannelDatabase {
    /// What a commit survives.
    package enum Synchronization: String, CaseIterable, Sendable {
        /// A power cut.
        case full
        /// A crash of the process, not of the machine.
        case normal
    }

    let path: String
    let queue: DatabaseQueue
    /// How long the log is, in pages; written by SQLite inside `queue`.
    private let logPages: UnsafeMutablePointer<CInt>
    /// Whether the file has the tables of version 2.
    let hasConnectionTables: Bool
    /// Whether rows have other numbers since it was opened.
    let hasMovedRows: Bool
    /// Only with full synchronisation. Only touched inside `queue`.
    private let logWrites: GatheredLogWrites?
    /// Prepared once. Only touched inside `queue`.
    private var statements: ChannelStatements

    /// Opens the file, or makes a new one of version 1 when there is none or an empty one.
    ///
    /// - Parameters:
    ///   - path: A file in a directory that exists, or `:memory:`.
    ///   - synchronization: What a commit survives.
    /// - Throws: ``ChannelDatabaseError``; the file is as it was.
    package convenience init(path: String, synchronization: Synchronization) throws {
        do {
            if path != ":memory:" { try Self.createIfMissing(path) }
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            try queue.inDatabase { db in
                if path == ":memory:" { try db.execute(sql: ChannelSchema.creation) }
                try Self.checkVersion(db)
                try Self.checkForeignKeys(db)
            }
            try self.init(queue, path: path, synchronization: synchronization)
        } catch {
            throw ChannelDatabaseError(error, opening: path)
        }
    }

    /// Takes over a connection to a file that was found to be one of ours, and makes it ready for changes.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    init(_ queue: DatabaseQueue, path: String, synchronization: Synchronization) throws {
        self.path = path
        self.queue = queue
        let logPages = UnsafeMutablePointer<CInt>.allocate(capacity: 1)
        logPages.initialize(to: 0)
        self.logPages = logPages
        do {
            (statements, hasConnectionTables, hasMovedRows, logWrites) = try queue.inDatabase { db in
                let hasMovedRows = try Self.shrink(db)
                try db.execute(sql: "PRAGMA journal_mode = WAL")
                // Where SQLite is built to overwrite what is deleted, not at the price of writing pages for that alone: what
                // is stored here is encrypted by the clients.
                try db.execute(sql: "PRAGMA secure_delete = FAST")
                try db.execute(sql: "PRAGMA synchronous = \(synchronization.rawValue.uppercased())")
                // Counts the pages of the log after each commit; it takes the place of the automatic checkpoint.
                sqlite3_wal_hook(
                    db.sqliteConnection,
                    { count, _, _, pages in
                        count?.assumingMemoryBound(to: CInt.self).pointee = pages
                        return SQLITE_OK
                    },
                    logPages
                )
                let hasConnectionTables = try Self.findsConnectionTables(db)
                if hasConnectionTables { try Self.emptyConnectionTables(db) }
                let statements = try ChannelStatements(db)
                _ = try Int.fetchOne(db, sql: "SELECT version FROM version")  // Opens the log.
                guard synchronization == .full, let connection = db.sqliteConnection else {
                    return (statements, hasConnectionTables, hasMovedRows, nil)
                }
                return (statements, hasConnectionTables, hasMovedRows, GatheredLogWrites(of: connection))
            }
        } catch {
            throw ChannelDatabaseError(error, opening: path)
        }
    }

    deinit {
        // The connection, which knows the address, is closed with the queue before this object's memory is given back.
        try? queue.close()
        logPages.deallocate()
    }

    /// The version of its tables, which stays as it was found.
    package func schemaVersion() throws -> Int {
        try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT version FROM version") ?? 0 }
    }

    // MARK: Opening

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.label = "channel database"
        return configuration
    }

    /// Makes a new file whole under another name, readable by its owner alone, and only then gives it its own name.
    private static func createIfMissing(_ path: String) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_size > 0 { return }
        for suffix in ["-wal", "-journal"] where stat(path + suffix, &status) == 0 && status.st_size > 0 {
            // Of another file of this name. SQLite would take it for this one's.
            throw SchemaProblem.leftBehind(path + suffix)
        }
        let draft = "\(path).new-\(getpid())"
        unlink(draft)
        let descriptor = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemFailure(number: errno) }
        Glibc.close(descriptor)
        defer { unlink(draft) }
        let queue = try DatabaseQueue(path: draft, configuration: configuration)
        try queue.inDatabase { db in
            // Incremental, so that a file that grew once can give its pages back.
            try db.execute(sql: "PRAGMA page_size = \(ChannelSchema.pageSize); PRAGMA auto_vacuum = INCREMENTAL")
            // What is not whole has no name, so that one flush of the whole is enough.
            try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
        }
        try queue.inTransaction { db in
            try db.execute(sql: ChannelSchema.creation)
            return .commit
        }
        try queue.close()
        do throws(ErrorNumber) { try FileFlush.run(draft) } catch { throw SystemFailure(number: error.code) }
        guard rename(draft, path) == 0 else { throw SystemFailure(number: errno) }
    }

    static func checkVersion(_ db: Database) throws {
        guard try db.tableExists("version"), let version = try Int.fetchOne(db, sql: "SELECT version FROM version")
        else { throw SchemaProblem.notChannelDatabase }
        guard ChannelSchema.knownVersions.contains(version) else { throw SchemaProblem.version(version) }
    }

    static func checkForeignKeys(_ db: Database) throws {
        if try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") != nil { throw SchemaProblem.foreignKeys }
    }

    /// Gives a file of the original's, which never does so itself, its free pages back if it is mostly made of them.
    ///
    /// - Returns: Whether it was.
    private static func shrink(_ db: Database) throws -> Bool {
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        guard free >= largeFreeList, 2 * free > pages else { return false }
        // A disk without room for the copy is no reason not to start.
        return (try? db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")) != nil
    }

    /// Free pages that are worth giving back.
    private static let largeFreeList = 256
    /// As many of them at a time as take a few milliseconds.
    private static let pagesGivenBack = 1024

    // MARK: Working

    /// Uses the open database. What was not committed when `body` fails is given up.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    func use<Value>(_ body: (Database) throws -> Value) throws(ChannelDatabaseError) -> Value {
        do {
            return try queue.inDatabase { db in
                do {
                    return try body(db)
                } catch {
                    // SQLite has ended the transaction itself after some failures, so that this one may fail.
                    if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") }
                    logWrites?.forget()
                    throw error
                }
            }
        } catch {
            throw ChannelDatabaseError(error, using: path)
        }
    }

    /// Makes changes that are all stored, or none.
    ///
    /// - Returns: How long the log is now, in pages.
    /// - Throws: ``ChannelDatabaseError``.
    @discardableResult
    func change(_ body: (Database) throws -> Void) throws(ChannelDatabaseError) -> Int {
        try use { db in
            try statements.begin()
            try body(db)
            try statements.commit()
            return Int(logPages.pointee)
        }
    }

    /// Reads the whole stored state back, and removes what only older servers leave.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    package func load() throws -> StoredChannels {
        try use { db in
            var contents = ChannelContents()
            try contents.readMailboxes(db)
            contents.take(try ChannelContents.nameplates(db))
            try contents.removeLeftovers(db)
            return contents.stored
        }
    }

    /// Removes what only older servers leave, as far as it was found.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    func removeLeftovers(of contents: ChannelContents) throws {
        try use { try contents.removeLeftovers($0) }
    }

    /// Writes changes down in one transaction: all of them, or none.
    ///
    /// - Returns: How long the log is now, in pages.
    /// - Throws: ``ChannelDatabaseError``.
    @discardableResult
    package func write(_ changes: [Change]) throws -> Int {
        try change { _ in
            for change in changes { try statements.write(change) }
        }
    }

    /// Finds out whether the file takes changes, by making two that cancel each other. A disk with so little room that the next
    /// few messages would fill it does not count as one that takes them.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    package func probe() throws {
        try change { db in
            var disk = statvfs()
            if path != ":memory:", statvfs(path, &disk) == 0, UInt64(disk.f_bavail) * UInt64(disk.f_frsize) < 1 << 20 {
                throw SystemFailure(number: ENOSPC)
            }
            // SQLite writes nothing for a change that is none.
            for step in [1, -1] {
                try db.execute(sql: "UPDATE version SET version = version + ?", arguments: [step])
            }
        }
    }

    /// Moves what is committed from the log into the file. Takes milliseconds; for when nothing waits.
    package func checkpoint() throws {
        try use { db in
            if try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 >= Self.largeFreeList {
                try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.pagesGivenBack))")
            }
            _ = try db.checkpoint(.passive)
        }
    }

    /// Leaves one plain file behind.
    package func close() throws {
        do {
            queue.inDatabase { db in
                statements = ChannelStatements()
                // Another program that reads keeps the log in use; then it stays, and the next start goes on with it.
                try? db.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try queue.close()
        } catch {
            throw ChannelDatabaseError(error, using: path)
        }
    }
}
