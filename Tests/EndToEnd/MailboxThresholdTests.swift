import Foundation
import Glibc
import TestSupport
import Testing

/// What a message costs the mailbox server in reads, writes and allocations, which unlike time are the same on every machine.
///
/// The slowest way there is: a message is sent when the one before has come back, so that each has a commit of its own.
@Suite("What a mailbox message costs", .timeLimit(.minutes(2)))
struct MailboxThresholdTests {
    /// Counts up to one moment.
    private struct Costs {
        var reads = 0
        var writes = 0
        var allocations = 0

        /// - Parameter counter: The file `count-allocations.c` counts into.
        init(of process: pid_t, counter: String) throws {
            // The calls are read(2), write(2) and their relatives; see proc(5).
            let text = try String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: " ")
                guard parts.count == 2, let value = Int(parts[1]) else { continue }
                if parts[0] == "syscr:" { reads = value }
                if parts[0] == "syscw:" { writes = value }
            }
            let bytes = try Data(contentsOf: URL(filePath: counter))
            allocations = bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        }
    }

    private static let rounds = 2000

    @Test("a message takes few reads, writes and allocations")
    func message() async throws {
        let folder = try TemporaryFolder()
        let library = folder.path + "/count.so"
        let counter = folder.path + "/count"
        let source = Repository.root.appending(path: "Tests/EndToEnd/Fixtures/count-allocations.c").path
        _ = try await run("clang", "-shared", "-fPIC", "-O1", "-o", library, source)
        try Data(count: 8).write(to: URL(filePath: counter))
        let setup = ChildProcess.Setup(environment: ["LD_PRELOAD": library, "COUNT_FILE": counter])
        let arguments = [
            "mailbox", "--port=\(RunningServer.anyPort)", "--channel-db=\(folder.path)/relay.sqlite",
            "--max-mailbox-messages=0",
        ]
        // Not through a shell: the process is the server from its first moment.
        let server = try ChildProcess(Repository.server(), arguments, setup)
        try await server.errors("it is ready") { $0.contains("[server] ready") }
        let port = try #require(server.errors.firstMatch(of: /Mailbox starting on (\d+)/).flatMap { Int($0.1) })
        let (a, b) = (
            try await MailboxClient(port: port, app: "app", side: "a"),
            try await MailboxClient(port: port, app: "app", side: "b")
        )
        for client in [a, b] { try await client.send(["type": "open", "mailbox": "m"]) }
        for number in 0..<100 { try await exchange("warm up \(number)", a, b) }
        let before = try Costs(of: server.processID, counter: counter)
        for number in 0..<Self.rounds { try await exchange("message \(number)", a, b) }
        let after = try Costs(of: server.processID, counter: counter)
        let perMessage = { (path: KeyPath<Costs, Int>) in
            Double(after[keyPath: path] - before[keyPath: path]) / Double(Self.rounds)
        }
        let (reads, writes, allocations) = (perMessage(\.reads), perMessage(\.writes), perMessage(\.allocations))
        // 2.0, 7.2 and 39 were measured.
        #expect(reads <= 2.3, "\(reads) reads")
        #expect(writes <= 8, "\(writes) writes")
        #expect(allocations <= 43, "\(allocations) allocations")
        server.send(signal: SIGTERM)
        #expect(try await server.end() == .exited(0))
    }

    /// One message of a, which comes back to a and reaches b.
    private func exchange(_ body: String, _ a: MailboxClient, _ b: MailboxClient) async throws {
        try await a.add("p", body)
        try await b.expect("p", body)
    }
}
