import TestSupport
import Testing

/// Our relay with `--blur-usage=3600`, within `start` or alone.
final class BlurringRelay: Sendable {
    let port: Int
    let database: String
    private let folder: TemporaryFolder
    private let child: ChildProcess

    init(_ command: String) async throws {
        folder = try TemporaryFolder()
        database = folder.path + "/usage.sqlite"
        let any = RunningServer.anyPort
        let options =
            command == "transit"
            ? ["transit", "--port=\(any)", "--usage-db=\(database)"]
            : [
                "start", "--state-dir=\(folder.path)", "--transit=\(any)", "--mailbox=\(any)",
                "--transit-websocket=none",
                "--admin=none",
            ]
        child = try ChildProcess(Repository.server(), options + ["--blur-usage=3600"])
        try await child.errors("the relay listens") { $0.contains(/ready/) }
        port = try #require(child.errors.firstMatch(of: /Transit starting on (\d+)/).flatMap { Int($0.1) })
    }

    func end() async throws -> ChildProcess.Ending {
        child.send(signal: 15)
        return try await child.end()
    }
}
