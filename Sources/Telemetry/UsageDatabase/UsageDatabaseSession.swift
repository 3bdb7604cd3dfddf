import GRDB
import Logging
import Observations
import WormholeWire

/// The database as the writer's thread sees it: open, or waiting to be opened again.
final class UsageDatabaseSession {
    private let file: UsageDatabaseFile
    private let writer: UsageDatabaseWriter
    private let source: ObservationSource
    private var database: UsageDatabase?
    private var isReady: Bool?
    /// When the oldest record started, as far as it is known.
    private var oldest: Timestamp?
    private(set) var retention: UsageRetention

    init(file: UsageDatabaseFile, writer: UsageDatabaseWriter) {
        self.file = file
        self.writer = writer
        source = writer.pipeline.makeSource(capacity: 256)
        retention = UsageRetention(writer.configuration)
    }

    /// Writes a batch of records and the row, or puts the records back.
    ///
    /// - Returns: Whether all went well.
    @discardableResult
    func write(_ row: CurrentRow) -> Bool {
        let records = writer.queue.take(upTo: UsageDatabaseWriter.batchSize)
        let start = MonotonicClock.nanoseconds
        do {
            let database = try openedDatabase()
            try database.write(records, current: row)
            showRows(of: database, with: records)
        } catch {
            writer.queue.putBack(records)
            failed(error, after: MonotonicClock.duration(since: start))
            return false
        }
        writer.queue.settle()
        for record in records { writer.metrics.records.add(1, .database, record.kind, .written) }
        writer.metrics.lastWrite.set(WallClock.now.seconds, .database)
        let duration = MonotonicClock.duration(since: start)
        source.append(.databaseUsed(.usage, .write, duration: duration))
        source.append(.maintenanceFinished(.stats, succeeded: true, duration: duration))
        if isReady == false { writer.logger.info("the usage database is written again") }
        report(true)
        return true
    }

    /// Deletes some of the records that are too old, if it is time to look for them.
    ///
    /// - Returns: Whether there may be more to delete at once.
    func deleteSomeOldRecords() -> Bool {
        guard retention.isDue, let limit = retention.limit(at: WallClock.now) else { return false }
        guard let database else {
            retention.postpone()
            return false
        }
        let start = MonotonicClock.nanoseconds
        do {
            if try database.deleteSome(before: limit) { return true }
            oldest = try database.oldestRecord()
            showRows(of: database, with: [])
        } catch {
            retention.postpone()
            failed(error, after: MonotonicClock.duration(since: start), at: .retention)
            return false
        }
        retention.hasLooked()
        let duration = MonotonicClock.duration(since: start)
        source.append(.maintenanceFinished(.retention, succeeded: true, duration: duration))
        source.flush()
        return false
    }

    private func showRows(of database: UsageDatabase, with new: [UsageRecord]) {
        // Figures for people: the next transaction shows them if this one cannot.
        for (kind, rows) in (try? database.rowCounts()) ?? [] {
            writer.metrics.databaseRows.set(Double(rows), UsageTable(kind))
        }
        oldest = (new.map(\.started) + (oldest.map { [$0] } ?? [])).min()
        writer.metrics.oldestRecord.set(oldest?.seconds ?? 0)
    }

    private func openedDatabase() throws -> UsageDatabase {
        if let database {
            if database.isInPlace { return database }
            writer.logger.warning("the usage database was removed or replaced; opening it anew")
            self.database = nil
        }
        let opened = try UsageDatabase(file)
        oldest = try opened.oldestRecord()
        writer.metrics.schemaVersion.set(Double(opened.version), .usage)
        database = opened
        return opened
    }

    private func failed(_ error: any Error, after duration: Duration, at task: MaintenanceTask = .stats) {
        let failure = DatabaseFailure(error)
        switch failure {
        // These pass, and the connection is none the worse.
        case .busy, .full, .constraint: break
        case .corrupt, .io, .other: database = nil
        }
        source.append(.databaseFailed(.usage, kind: failure))
        source.append(.maintenanceFinished(task, succeeded: false, duration: duration))
        if isReady != false {
            writer.logger.warning("the usage database cannot be written, records wait: \(error.reasonForPeople)")
        }
        report(false)
    }

    private func report(_ isReadyNow: Bool) {
        if isReady != isReadyNow { source.append(.readinessChanged(.usageDatabase, isReady: isReadyNow)) }
        isReady = isReadyNow
        source.flush()
    }
}

@available(*, unavailable)
extension UsageDatabaseSession: Sendable {}

extension DatabaseFailure {
    /// The class of an error of this target's or of SQLite's.
    init(_ error: any Error) {
        switch error {
        case let error as DatabaseError:
            self =
                switch error.resultCode.primaryResultCode {
                case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
                case .SQLITE_FULL: .full
                case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt
                case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY: .io
                case .SQLITE_CONSTRAINT: .constraint
                default: .other
                }
        case let error as TelemetryError:
            self =
                switch error.code {
                case .unusableFile, .unusableDescriptor: .io
                case .foreignDatabase: .corrupt
                case .lockedDatabase: .busy
                }
        default:
            self = .other
        }
    }
}

extension Error {
    /// Without the statement or its arguments, which are the users'.
    fileprivate var reasonForPeople: String {
        if let error = self as? DatabaseError { return error.message ?? error.resultCode.description }
        return "\(self)"
    }
}
