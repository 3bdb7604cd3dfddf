import GRDB
import Glibc
import LinuxIO
package import MailboxRules

/// A channel database that is being read at the start, on threads of its own, while the rest of the process is made.
///
///     open, check version ─┬─▶ mailboxes, sides, messages ───┬─▶ open(_:)
///                          └─▶ foreign keys ─▶ nameplates ───┘
///
/// The file is not changed before ``open(_:)``, so that a start that fails for another reason leaves it alone. Of several things
/// that are wrong with it the operator is told the first in this order: version, keys, tables, mailboxes, nameplates.
package final class ChannelReading: Sendable {
    private let path: String
    /// `nil` when there is no file with anything in it.
    private let file: ThreadResult<OpenFile?>

    struct OpenFile: Sendable {
        let queue: DatabaseQueue
        let contents: ChannelContents
    }

    /// Begins to read.
    ///
    /// - Parameter path: A file that may be missing, or `:memory:`.
    package init(of path: String) {
        self.path = path
        file = ThreadResult(of: "channels") { try Self.read(path) }
    }

    /// Waits for what was read, and makes the file ready for changes, or makes a new one of version 1 when there is none.
    ///
    /// - Throws: ``ChannelDatabaseError``; the file is as it was.
    package func open(
        _ synchronization: ChannelDatabase.Synchronization
    ) throws -> (database: ChannelDatabase, stored: StoredChannels) {
        guard let file = try file.take() else {
            let database = try ChannelDatabase(path: path, synchronization: synchronization)
            return (database, try database.load())
        }
        let database = try ChannelDatabase(file.queue, path: path, synchronization: synchronization)
        if database.hasMovedRows { return (database, try database.load()) }
        try database.removeLeftovers(of: file.contents)
        return (database, file.contents.stored)
    }

    /// - Returns: `nil` when there is nothing to read.
    static func read(_ path: String) throws -> OpenFile? {
        guard path != ":memory:", !isMissingOrEmpty(path) else { return nil }
        let queue = try opening(path) {
            try readThrough(path)
            try flushLog(path)
            let queue = try DatabaseQueue(path: path, configuration: ChannelDatabase.configuration)
            try queue.inDatabase { try ChannelDatabase.checkVersion($0) }
            return queue
        }
        let others = ThreadResult(of: "channels-keys") { try checkKeysAndReadNameplates(path) }
        var contents = ChannelContents()
        let mailboxes = Result {
            // Every table and column there has to be.
            try opening(path) { try queue.inDatabase { _ = try ChannelStatements($0) } }
            try using(path) { try queue.inDatabase { db in try mapped(db) { try contents.readMailboxes(db) } } }
        }
        let nameplates = try others.take()
        try mailboxes.get()
        contents.take(try nameplates.get())
        return OpenFile(queue: queue, contents: contents)
    }

    /// Checks all keys and reads what is not of mailboxes, by a connection of its own.
    ///
    /// - Throws: What is wrong with the keys.
    private static func checkKeysAndReadNameplates(
        _ path: String
    ) throws -> Result<ChannelContents.Nameplates, any Error> {
        let queue = try opening(path) {
            try DatabaseQueue(path: path, configuration: ChannelDatabase.configuration)
        }
        let nameplates = try queue.inDatabase { db in
            try mapped(db) {
                try opening(path) { try ChannelDatabase.checkForeignKeys(db) }
                return Result { try using(path) { try ChannelContents.nameplates(db) } }
            }
        }
        try using(path) { try queue.close() }
        return nameplates
    }

    private static func isMissingOrEmpty(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) != 0 || status.st_size == 0
    }

    /// Reads the file from its beginning to its end, so that a disk that fails is an error here; what is mapped afterwards is in
    /// memory, and no signal comes of it. Before SQLite has the file open: closing it again would take its locks away.
    private static func readThrough(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure(number: errno) }
        defer { Glibc.close(descriptor) }
        // A file that was only just copied here is written while it is read, or the first commit would wait for all of it.
        FileFlush.begin(descriptor)
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return }
            guard count > 0 else { throw SystemFailure(number: errno) }
        }
    }

    /// Has what a killed process committed last reach the disk: what is read of it is told to clients. Before SQLite has the file
    /// open, as above.
    private static func flushLog(_ path: String) throws {
        var status = stat()
        guard stat(path + "-wal", &status) == 0, status.st_size > 0 else { return }
        do throws(ErrorNumber) { try FileFlush.run(path + "-wal") } catch { throw SystemFailure(number: error.code) }
    }

    /// Reads much of the file once, which is quickest without copies; see ``readThrough(_:)``.
    private static func mapped<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "PRAGMA mmap_size = \(1 << 30)")
        defer { try? db.execute(sql: "PRAGMA mmap_size = 0") }
        return try body()
    }

    private static func opening<Value>(
        _ path: String,
        _ body: () throws -> Value
    ) throws(ChannelDatabaseError) -> Value {
        do { return try body() } catch { throw ChannelDatabaseError(error, opening: path) }
    }

    private static func using<Value>(
        _ path: String,
        _ body: () throws -> Value
    ) throws(ChannelDatabaseError) -> Value {
        do { return try body() } catch { throw ChannelDatabaseError(error, using: path) }
    }
}
