import GRDB
import Glibc

/// A consistent copy of a SQLite database that is in use. The call is SQLite's online backup.
package enum DatabaseBackup {
    /// Makes the copy, readable by the owner alone, in place of one that is there. Blocks until the copy is on the disk; whoever
    /// writes to the database meanwhile waits if it has a rollback journal, and does not if it has a write-ahead log.
    ///
    /// - Throws: ``TelemetryError``, one line naming the file. A copy of the last time is as it was then.
    package static func copy(_ source: String, to destination: String) throws(TelemetryError) {
        let draft = "\(destination).new"
        unlink(draft)
        let number = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else {
            throw TelemetryError(.unusableFile, "\(draft) cannot be created: \(String(cString: strerror(errno)))")
        }
        close(number)
        defer { for end in ["", "-journal", "-wal", "-shm"] { unlink(draft + end) } }
        do {
            var reading = Configuration()
            reading.readonly = true
            reading.label = "backup"
            reading.busyMode = .timeout(5)
            let original = try DatabaseQueue(path: source, configuration: reading)
            let copy = try DatabaseQueue(path: draft)
            try original.backup(to: copy)
            // One file, which can be carried away.
            try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
            try original.close()
        } catch {
            throw TelemetryError(.unusableFile, "\(source) cannot be copied: \(error)")
        }
        guard rename(draft, destination) == 0 else {
            throw TelemetryError(.unusableFile, "\(destination): \(String(cString: strerror(errno)))")
        }
    }
}
