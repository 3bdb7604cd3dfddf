import Foundation
import TestSupport

@testable import Telemetry

/// A usage database as another program sees it.
struct ForeignView {
    let path: String

    /// The rows of a query as `sqlite3` prints them: columns parted by `|`, NULL as `NULL`.
    func rows(_ sql: String) async throws -> [String] {
        let outcome = try await Tool("sqlite3").run("-cmd", ".nullvalue NULL", "-cmd", ".timeout 2000", path, sql)
        guard outcome.status == 0 else { throw TelemetryError(.unusableFile, outcome.errors) }
        return outcome.output.split(separator: "\n").map(String.init)
    }

    /// The first row, empty without any.
    func row(_ sql: String) async throws -> String { try await rows(sql).first ?? "" }

    /// Runs SQL that makes or changes the file.
    func execute(_ sql: String) async throws { _ = try await rows(sql) }
}

/// Another program that holds a lock on a database until it is told to let go.
final class ForeignLock: Sendable {
    private let process: Process
    private let input: FileHandle

    init(_ path: String) async throws {
        process = Tool("python3").makeProcess([
            "-c",
            """
            import sqlite3, sys
            db = sqlite3.connect(sys.argv[1], isolation_level=None)
            db.execute("BEGIN EXCLUSIVE")
            print("locked", flush=True)
            sys.stdin.readline()
            db.execute("COMMIT")
            """, path,
        ])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        self.input = input.fileHandleForWriting
        try process.run()
        // Python may write the word and its line end one after the other.
        guard output.fileHandleForReading.availableData.starts(with: Data("locked".utf8)) else {
            throw TelemetryError(.lockedDatabase, "the other program did not get its lock")
        }
    }

    /// Ends the other program's transaction, and waits until it has ended.
    func release() throws {
        try input.write(contentsOf: Data("\n".utf8))
        process.waitUntilExit()
    }
}
