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

    init(file: UsageDatabaseFile, writer: UsageDatabaseWriter) {
        self.file = file
        self.writer = writer
        source = writer.pipeline.makeSource(capacity: 256)
    }

    /// Writes a batch of records and the row, or puts the records back.
    ///
    /// - Returns: Whether all went well.
    @discardableResult
    func write(_ row: CurrentRow) -> Bool {
        let records = writer.queue.take(upTo: UsageDatabaseWriter.batchSize)
        let start = MonotonicClock.nanoseconds
        do {
            try openedDatabase().write(records, current: row)
        } catch {
            writer.queue.putBack(records)
            failed(error, after: MonotonicClock.duration(since: start))
            return false
        }
        for record in records { writer.metrics.records.add(1, .database, record.kind, .written) }
        writer.metrics.lastWrite.set(WallClock.now.seconds, .database)
        let duration = MonotonicClock.duration(since: start)
        source.append(.databaseUsed(.usage, .write, duration: duration))
        source.append(.maintenanceFinished(.stats, succeeded: true, duration: duration))
        if isReady == false { writer.logger.info("the usage database is written again") }
        report(true)
        return true
    }

    private func openedDatabase() throws(TelemetryError) -> UsageDatabase {
        if let database {
            if database.isInPlace { return database }
            writer.logger.warning("the usage database was removed or replaced; opening it anew")
            self.database = nil
        }
        let opened = try UsageDatabase(file)
        database = opened
        return opened
    }

    private func failed(_ error: any Error, after duration: Duration) {
        let failure = DatabaseFailure(error)
        switch failure {
        // These pass, and the connection is none the worse.
        case .busy, .full, .constraint: break
        case .corrupt, .io, .other: database = nil
        }
        source.append(.databaseFailed(.usage, kind: failure))
        source.append(.maintenanceFinished(.stats, succeeded: false, duration: duration))
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
