import GRDB
import Glibc
import LinuxIO

/// The file of a usage database: created whole or not at all, taken over after a copy was made, or refused unchanged.
struct UsageDatabaseFile {
    let path: String
    let schema: TelemetryConfiguration.UsageSchema
    /// How long to wait for another program's lock; asked with the number of tries so far.
    let waitsForLock: @Sendable (Int) -> Bool

    /// Opens the database, creating it when there is none or an empty file.
    ///
    /// - Throws: ``TelemetryError`` naming the file, which is then as it was.
    func open() throws(TelemetryError) -> DatabaseQueue {
        do {
            if path == ":memory:" {
                let queue = try DatabaseQueue(configuration: configuration)
                try fill(queue)
                return queue
            }
            try checkPath()
            if try !isPresent() { try create() }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let (verdict, hasNewRows) = try queue.read { database in
                let verdict = try UsageDatabaseContents(database).verdict(for: schema)
                return (verdict, verdict == .usable ? try !UsageCounts.uncounted(in: database).isEmpty : false)
            }
            switch verdict {
            case .usable: if hasNewRows { try queue.write { try UsageCounts.countWhatIsNew(in: $0) } }
            case .refused(let reason): throw TelemetryError(.foreignDatabase, "\(path) \(reason)")
            case .completable(let version):
                try copy(queue, to: "\(path)-backup-v\(version)")
                try fill(queue)
            }
            return queue
        } catch {
            throw TelemetryError(opening: path, error)
        }
    }

    /// Opens an existing database for reading alone. Nothing is created, and nothing is changed.
    ///
    /// - Throws: ``TelemetryError`` naming the file.
    static func openForReading(_ path: String) throws(TelemetryError) -> DatabaseQueue {
        guard access(path, F_OK) == 0, access(path, R_OK) == 0 else {
            throw TelemetryError(.unusableFile, "\(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TelemetryError(.unusableFile, "\(path) is not a file")
        }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw TelemetryError(opening: path, error)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "usage"
        configuration.busyMode = .callback(waitsForLock)
        // What retention deletes is overwritten, wherever SQLite was built.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA secure_delete = ON") }
        return configuration
    }

    // MARK: The file

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// SQLite keeps its journal beside the database, so the directory must be writable, too.
    private func checkPath() throws(TelemetryError) {
        guard access(directory, W_OK | X_OK) == 0 else {
            throw TelemetryError(.unusableFile, "\(path): the directory \(directory): \(lastError())")
        }
        guard access(path, F_OK) == 0 else { return }
        guard access(path, R_OK | W_OK) == 0 else { throw TelemetryError(.unusableFile, "\(path): \(lastError())") }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TelemetryError(.unusableFile, "\(path) is not a file")
        }
    }

    private func isPresent() throws(TelemetryError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_size > 0 }
        guard errno == ENOENT else { throw TelemetryError(.unusableFile, "\(path): \(lastError())") }
        return false
    }

    /// Makes the database under another name, which it loses when it is complete.
    private func create() throws {
        let temporary = try makeTemporaryFile()
        do {
            var configuration = configuration
            // What is not whole has no name, so that one flush of the whole is enough.
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
            }
            let queue = try DatabaseQueue(path: temporary, configuration: configuration)
            try fill(queue)
            try queue.close()
            try FileFlush.run(temporary)
            try publish(temporary)
        } catch {
            unlink(temporary)
            unlink(temporary + "-journal")
            throw error
        }
    }

    /// Makes what is missing: the original servers' tables, and then our own.
    private func fill(_ queue: DatabaseQueue) throws {
        try queue.write { try UsageSchema.complete(schema, in: $0) }
        try UsageMigrations.migrator.migrate(queue)
    }

    /// Copies the database as it is now, replacing an older copy; readable to whom the database is.
    private func copy(_ queue: DatabaseQueue, to copy: String) throws {
        let temporary = try makeTemporaryFile()
        do {
            var status = stat()
            if stat(path, &status) == 0 { chmod(temporary, status.st_mode & 0o777) }
            let target = try DatabaseQueue(path: temporary, configuration: configuration)
            try queue.backup(to: target)
            try target.close()
            try rename(temporary, to: copy)
        } catch {
            unlink(temporary)
            unlink(temporary + "-journal")
            throw error
        }
    }

    /// An empty file beside the database, with the permissions the process gives to new files.
    private func makeTemporaryFile() throws(TelemetryError) -> String {
        for _ in 0..<16 {
            let name = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
            let descriptor = Glibc.open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                close(descriptor)
                return name
            }
            guard errno == EEXIST else { break }
        }
        throw TelemetryError(.unusableFile, "\(path) cannot be created: \(lastError())")
    }

    /// Gives the new file its name, but never instead of a file with contents that has appeared meanwhile.
    private func publish(_ temporary: String) throws(TelemetryError) {
        if link(temporary, path) == 0 {
            unlink(temporary)
            return
        }
        // An empty file gives way, and not every file system has links.
        if try !isPresent() { return try rename(temporary, to: path) }
        unlink(temporary)
    }

    private func rename(_ name: String, to target: String) throws(TelemetryError) {
        guard Glibc.rename(name, target) == 0 else {
            throw TelemetryError(.unusableFile, "\(target) cannot be created: \(lastError())")
        }
    }

    private func lastError() -> String { String(cString: strerror(errno)) }
}

extension TelemetryError {
    /// What an error means for a database file.
    init(opening path: String, _ error: any Error) {
        switch error {
        case let error as TelemetryError: self = error
        case let error as DatabaseError:
            switch error.resultCode.primaryResultCode {
            case .SQLITE_NOTADB, .SQLITE_CORRUPT:
                self.init(.foreignDatabase, "\(path) is not an SQLite database")
            case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.lockedDatabase, "\(path) is locked by another program")
            default: self.init(.unusableFile, "\(path): \(error.message ?? error.resultCode.description)")
            }
        default: self.init(.unusableFile, "\(path): \(error)")
        }
    }
}
