import GRDB
import WormholeWire

/// When records are old enough to be deleted, and when to look for them. Confined to the writer's thread.
struct UsageRetention {
    /// Rows of each table that one transaction deletes, so that it stays short.
    static let batchSize = 1000

    /// How long records are kept; `nil`: for ever.
    private let age: Duration?
    private let interval: Duration
    /// Monotonic nanoseconds; the first look is at start.
    private var next: UInt64 = 0

    init(_ configuration: TelemetryConfiguration) {
        age = configuration.usageRetention
        interval = configuration.retentionInterval
    }

    var isDue: Bool { age != nil && MonotonicClock.nanoseconds >= next }

    /// How long until the next look, at least a hundredth of a second.
    var rest: Duration {
        guard age != nil else { return .seconds(1 << 32) }
        return max(.milliseconds(10), .zero - MonotonicClock.duration(since: next))
    }

    /// Records that started before this are to be deleted.
    func limit(at now: Timestamp) -> Timestamp? { age.map { now - $0 } }

    /// There is nothing more to delete for now.
    mutating func hasLooked() { next = MonotonicClock.nanoseconds + UInt64(max(0, interval.seconds) * 1e9) }

    /// It cannot be done now: once more in a minute, or when it would be time anyway.
    mutating func postpone() { next = MonotonicClock.nanoseconds + UInt64(max(0, min(60, interval.seconds)) * 1e9) }

    /// Deletes some of the records that started before a time; what they were counted for stays.
    ///
    /// - Returns: Whether there may be more.
    static func deleteSome(before limit: Timestamp, in database: Database) throws -> Bool {
        var hasMore = false
        for table in DetailTable.all where try database.tableExists(table.name) {
            try database.cachedStatement(
                sql: """
                    DELETE FROM `\(table.name)` WHERE rowid IN (
                        SELECT rowid FROM `\(table.name)` WHERE \(table.timeColumn) < ? LIMIT \(batchSize))
                    """
            ).execute(arguments: [limit.seconds])
            let deleted = database.changesCount
            if deleted > 0 { try UsageCounts.forget(deleted, of: table, in: database) }
            if deleted == batchSize { hasMore = true }
        }
        return hasMore
    }
}
