import GRDB
package import WormholeWire

/// What a usage database says of the past. Opened for reading alone, whether a server writes it meanwhile or none does.
///
/// Totals and series come from the sums by hour and by day, which outlive the rows; waiting times and client versions are
/// exact as far as the rows are there. Every call is one short read transaction, on the caller's thread.
package struct UsageHistory: Sendable {
    package let path: String
    private let queue: DatabaseQueue

    /// - Throws: ``TelemetryError``, one line naming the file: there is none, or it has no history of ours.
    package init(path: String) throws(TelemetryError) {
        self.path = path
        queue = try UsageDatabaseFile.openForReading(path)
        let hasHistory = try Self.translating(path) { [queue] in
            try queue.read { database in
                try ["hours", "days", "counters"].allSatisfy { try database.tableExists($0) }
            }
        }
        guard hasHistory else {
            throw TelemetryError(
                .foreignDatabase,
                "\(path) has no history: start wormhole-server on it, or import it into its database"
            )
        }
    }

    /// What happened in a range of whole hours: the parts of hours at its ends count in full.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    package func totals(_ range: Range<Timestamp>) throws(TelemetryError) -> UsageTotals {
        try series(range, step: nil).first?.totals ?? UsageTotals([:])
    }

    /// What happened in each hour or day, those without anything included.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    package func series(_ range: Range<Timestamp>, step: UsageStep) throws(TelemetryError) -> [UsageSpan] {
        let range = step.widening(range)
        let found = try series(range, step: Optional(step))
        let byStart = Dictionary(found.map { ($0.start, $0) }) { first, _ in first }
        return stride(from: range.lowerBound.wholeSeconds, to: range.upperBound.wholeSeconds, by: step.seconds).map {
            let start = Timestamp(microseconds: Int64($0) * 1_000_000)
            return byStart[start] ?? UsageSpan(start: start, totals: UsageTotals([:]))
        }
    }

    /// How long first sides waited for second ones.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    package func waits(_ kind: UsageWait, _ range: Range<Timestamp>) throws(TelemetryError) -> UsageWaits {
        let buckets = kind.buckets(in: try totals(range))
        let whole = UsageStep.hour.widening(range)
        let exact: [Double]? = try translating { database in
            guard try database.tableExists(kind.table.name) else { return nil }
            let rows = "FROM `\(kind.table.name)` WHERE started >= ? AND started < ? AND waiting_time IS NOT NULL"
            let arguments: StatementArguments = [whole.lowerBound.seconds, whole.upperBound.seconds]
            let count = try Int.fetchOne(database, sql: "SELECT count(*) \(rows)", arguments: arguments) ?? 0
            // When retention has deleted some of them, the rest would give a false picture.
            guard count > 0, count == buckets.count else { return nil }
            return try UsageWaits.shares.map { share in
                let place = UsageWaits.place(of: share, among: count)
                let sql = "SELECT waiting_time \(rows) ORDER BY waiting_time LIMIT 1 OFFSET \(place)"
                return try Double.fetchOne(database, sql: sql, arguments: arguments) ?? 0
            }
        }
        return UsageWaits(buckets, exact: exact)
    }

    /// Which clients came, the most frequent first, as far as the rows are there. A side that came back counts once.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    package func clientVersions(
        _ range: Range<Timestamp>,
        limit: Int
    ) throws(TelemetryError) -> [UsageClientVersion] {
        let whole = UsageStep.hour.widening(range)
        return try translating { database in
            guard try database.tableExists("client_versions") else { return [] }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT implementation, version, count(DISTINCT app_id || ' ' || side) FROM client_versions
                    WHERE connect_time >= ? AND connect_time < ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?
                    """,
                arguments: [whole.lowerBound.seconds, whole.upperBound.seconds, limit]
            ).map { UsageClientVersion(implementation: $0[0], version: $0[1], clients: $0[2]) }
        }
    }

    /// When a server last wrote to it; `nil` when none has yet.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    package func lastUpdate() throws(TelemetryError) -> Timestamp? {
        try translating { database in
            try Double.fetchOne(database, sql: "SELECT updated FROM `current`").map { Timestamp(seconds: $0) }
        }
    }

    /// - Parameter step: `nil` for one span of everything.
    private func series(_ range: Range<Timestamp>, step: UsageStep?) throws(TelemetryError) -> [UsageSpan] {
        let days = UsageStep.day.widening(range) == range
        let whole = UsageStep.hour.widening(range)
        let start = step.map { "start / \($0.seconds) * \($0.seconds)" } ?? "0"
        let rows: [Row] = try translating { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(start), name, sum(value) FROM \(days && step != .hour ? "days" : "hours")
                    WHERE start >= ? AND start < ? GROUP BY 1, 2 ORDER BY 1
                    """,
                arguments: [whole.lowerBound.wholeSeconds, whole.upperBound.wholeSeconds]
            )
        }
        var spans: [UsageSpan] = []
        for row in rows {
            let start = Timestamp(microseconds: (row[0] as Int64) * 1_000_000)
            if spans.last?.start != start { spans.append(UsageSpan(start: start, totals: UsageTotals([:]))) }
            spans[spans.count - 1].totals[row[1]] = row[2]
        }
        return spans
    }

    private func translating<Value>(_ body: (Database) throws -> Value) throws(TelemetryError) -> Value {
        try Self.translating(path) { try queue.read(body) }
    }

    private static func translating<Value>(_ path: String, _ body: () throws -> Value) throws(TelemetryError) -> Value {
        do {
            return try body()
        } catch {
            throw TelemetryError(opening: path, error)
        }
    }
}
