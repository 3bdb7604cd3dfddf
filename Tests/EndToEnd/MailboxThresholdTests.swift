import Foundation
import Glibc
import TestSupport
import Testing

/// What a message costs the mailbox server in system calls and allocations, which unlike time are the same on every machine.
///
/// The slowest way there is: a message is sent when the one before has come back, so that each has a commit of its own.
@Suite("What a mailbox message costs", .timeLimit(.minutes(2)))
struct MailboxThresholdTests {
    /// Counts up to one moment.
    private struct Costs {
        let allocations: Int
        /// For input and output: what `count-calls.c` names.
        let calls: Int

        /// - Parameter counter: The file `count-calls.c` counts into.
        init(counter: String) throws {
            let bytes = Array(try Data(contentsOf: URL(filePath: counter)))
            allocations = Int(bytes.withUnsafeBytes { $0.load(as: UInt64.self) })
            calls = Int(bytes.withUnsafeBytes { $0.load(fromByteOffset: 8, as: UInt64.self) })
        }
    }

    private static let rounds = 2000

    @Test("a message takes few system calls and allocations")
    func message() async throws {
        let folder = try TemporaryFolder()
        let library = folder.path + "/count.so"
        let counter = folder.path + "/count"
        let source = Repository.root.appending(path: "Tests/EndToEnd/Fixtures/count-calls.c").path
        _ = try await run("clang", "-shared", "-fPIC", "-O1", "-o", library, source)
        try Data(count: 16).write(to: URL(filePath: counter))
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
        let before = try Costs(counter: counter)
        for number in 0..<Self.rounds { try await exchange("message \(number)", a, b) }
        let after = try Costs(counter: counter)
        let perMessage = { (path: KeyPath<Costs, Int>) in
            Double(after[keyPath: path] - before[keyPath: path]) / Double(Self.rounds)
        }
        let (calls, allocations) = (perMessage(\.calls), perMessage(\.allocations))
        // 6.1 and 24.3 were measured; a commit that does not go past the page cache takes one call more, and so does one more
        // look at the sockets.
        #expect(calls <= 6.8, "\(calls) calls")
        #expect(allocations <= 28, "\(allocations) allocations")
        server.send(signal: SIGTERM)
        #expect(try await server.end() == .exited(0))
    }

    /// One message of a, which comes back to a and reaches b.
    private func exchange(_ body: String, _ a: MailboxClient, _ b: MailboxClient) async throws {
        try await a.add("p", body)
        try await b.expect("p", body)
    }
}
