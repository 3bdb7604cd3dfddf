import GRDB
import Glibc
import Observations
import WormholeWire

/// An open usage database. Confined to the thread of its writer.
///
/// The columns have INTEGER affinity, so that SQLite keeps whole numbers as integers and others as REAL by itself.
final class UsageDatabase {
    private let file: UsageDatabaseFile
    let queue: DatabaseQueue
    /// Which file was opened, for the path may come to mean another.
    private let identity: FileIdentity?
    /// The statements that insert, by table.
    private var insertions: [String: String] = [:]

    /// - Throws: ``TelemetryError`` when the file is not to be had or not ours.
    init(_ file: UsageDatabaseFile) throws(TelemetryError) {
        self.file = file
        queue = try file.open()
        identity = FileIdentity(file.path)
    }

    /// Whether the path still means the file that is open; not after it was deleted or replaced.
    var isInPlace: Bool { file.path == ":memory:" || (identity != nil && FileIdentity(file.path) == identity) }

    /// Writes records and the `current` row in one short transaction.
    func write(_ records: [UsageRecord], current: CurrentRow) throws {
        try queue.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                var inserted: [RecordKind: Int] = [:]
                for record in records where try insert(record, into: database) {
                    inserted[record.kind, default: 0] += 1
                }
                for (kind, rows) in inserted {
                    try UsageCounts.count(newest: rows, of: .table(of: kind), in: database)
                }
                try replaceCurrent(by: current, in: database)
                return .commit
            }
        }
    }

    /// Deletes some of the records that started before a time, in one short transaction.
    ///
    /// - Returns: Whether there may be more.
    func deleteSome(before limit: Timestamp) throws -> Bool {
        var hasMore = false
        try queue.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                hasMore = try UsageRetention.deleteSome(before: limit, in: database)
                return .commit
            }
        }
        return hasMore
    }

    /// How many rows each table has.
    func rowCounts() throws -> [(RecordKind, Int)] {
        try queue.read { database in
            try DetailTable.all.map { table in
                let sql = "SELECT value FROM counted WHERE name = ?"
                return (table.kind, try Int.fetchOne(database, sql: sql, arguments: [table.name]) ?? 0)
            }
        }
    }

    /// When the oldest record started, as it is stored; `nil` without any.
    func oldestRecord() throws -> Timestamp? {
        try queue.read { database in
            try DetailTable.all.compactMap { table in
                guard try database.tableExists(table.name) else { return nil }
                let sql = "SELECT min(\(table.timeColumn)) FROM `\(table.name)`"
                return try Double.fetchOne(database, sql: sql).map { Timestamp(seconds: $0) }
            }.min()
        }
    }

    /// The version the original servers know the tables by.
    var version: Int { UsageSchema.version(of: file.schema) }

    /// - Returns: Whether it became a row. A relay alone has tables for transfers only, and no other records.
    private func insert(_ record: UsageRecord, into database: GRDB.Database) throws -> Bool {
        guard file.schema == .mailboxSuperset || record.kind == .transit else { return false }
        switch record {
        case .nameplate(let summary):
            try insert(
                into: "nameplates",
                UsageSchema.nameplates,
                database,
                [
                    summary.appID.text, summary.started.seconds, summary.waitingTime?.seconds,
                    summary.totalTime.seconds, summary.result.rawValue,
                ]
            )
        case .mailbox(let summary):
            try insert(
                into: "mailboxes",
                UsageSchema.mailboxes,
                database,
                [
                    summary.appID.text, summary.isForNameplate, summary.started.seconds, summary.totalTime.seconds,
                    summary.waitingTime?.seconds, summary.result.rawValue,
                ]
            )
        case .clientVersion(let binding):
            try insert(
                into: "client_versions",
                UsageSchema.clientVersions,
                database,
                [
                    binding.appID.text, binding.side.text, binding.connected.seconds, binding.implementation,
                    binding.version,
                ]
            )
        case .transit(let summary):
            try insert(
                into: "usage",
                UsageSchema.usage,
                database,
                [
                    summary.started.seconds, summary.totalTime.seconds, summary.waitingTime?.seconds,
                    Int64(clamping: summary.totalBytes), summary.mood.rawValue,
                ]
            )
        }
        return true
    }

    private func replaceCurrent(by row: CurrentRow, in database: GRDB.Database) throws {
        try database.execute(sql: "DELETE FROM `current`")
        let levels = row.levels
        let relay: [(any DatabaseValueConvertible)?] = [
            levels.connected, levels.waiting, Int64(clamping: levels.incompleteBytes),
        ]
        switch file.schema {
        case .mailboxSuperset:
            try insert(
                into: "current",
                UsageSchema.mailboxCurrent + UsageSchema.relayCurrent,
                database,
                [row.rebooted.seconds, row.updated.seconds, row.blurSeconds, levels.subscriptions] + relay
            )
        case .transitOnly:
            // The relay's own are whole seconds.
            let rebooted = row.rebooted.wholeSeconds
            try insert(
                into: "current",
                UsageSchema.mailboxCurrent.prefix(2) + UsageSchema.relayCurrent,
                database,
                [rebooted, row.updated.wholeSeconds] + relay
            )
            try database.execute(sql: "DELETE FROM blurring")
            try database.execute(
                sql: "INSERT INTO blurring (rebooted, blur_time) VALUES (?, ?)",
                arguments: [rebooted, row.blurSeconds]
            )
        }
    }

    private static func insertion(into table: String, _ columns: [UsageSchema.Column]) -> String {
        let names = columns.map { "`\($0.name)`" }.joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        return "INSERT INTO `\(table)` (\(names)) VALUES (\(marks))"
    }

    private func insert(
        into table: String,
        _ columns: [UsageSchema.Column],
        _ database: GRDB.Database,
        _ values: [(any DatabaseValueConvertible)?]
    ) throws {
        let sql = insertions[table] ?? Self.insertion(into: table, columns)
        insertions[table] = sql
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}

@available(*, unavailable)
extension UsageDatabase: Sendable {}

/// Which file a path means.
private struct FileIdentity: Equatable {
    let device: dev_t
    let number: ino_t

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
