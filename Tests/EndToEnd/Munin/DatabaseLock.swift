import Foundation
import TestSupport
import Testing

/// Another program that holds a database for itself alone.
final class DatabaseLock: Sendable {
    private let child: ChildProcess
    private let end: String

    init(_ path: String) async throws {
        end = path + "-end"
        // sqlite3 runs the shell command while the transaction is open.
        let script = [
            ".timeout 10000", "BEGIN EXCLUSIVE;", ".system until [ -e '\(end)' ]; do sleep 0.05; done", "COMMIT;",
        ]
        child = try ChildProcess("sqlite3", [path], ChildProcess.Setup(input: script.joined(separator: "\n") + "\n"))
        let child = self.child
        // What it prints may stay in its buffer; that the file is locked can be seen.
        try await eventually("the database is locked") {
            let other = try ChildProcess("sqlite3", ["-readonly", path, "SELECT count(*) FROM version"])
            try #require(!child.hasEnded, "\(child.transcript)")
            return try await other.end() != .exited(0)
        }
    }

    func release() async throws {
        try Data().write(to: URL(filePath: end))
        #expect(try await child.end() == .exited(0))
    }
}
