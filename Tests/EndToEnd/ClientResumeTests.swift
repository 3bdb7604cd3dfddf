import Glibc
import TestSupport
import Testing

@Suite("Real clients after a crash", .timeLimit(.minutes(5)))
struct ClientResumeTests {
    @Test("the Python client finishes a transfer that began before the process was killed")
    func realClient() async throws {
        let sandbox = try await Sandbox()
        let server = try await RunningServer(
            "--mailbox=tcp:4000:interface=127.0.0.1",
            "--transit=tcp:4001:interface=127.0.0.1",
            in: sandbox
        )
        let servers = WormholeProgram.Servers(mailboxPort: 4000, relayPort: 4001)
        let folder = try TemporaryFolder()
        let text = WormholeProgram.Contents.text("after all")
        let sender = try WormholeProgram.python.send(text, code: "3-a-b", from: folder.path, to: servers, in: sandbox)
        let stored = #"wormhole_mailbox_messages_total{direction="received"}"#
        try await eventually("the sender waits for a partner") { try await server.metric(stored) >= 1 }

        #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await server.restart()
        let receiver = try WormholeProgram.python.receive(code: "3-a-b", into: folder.path, from: servers, in: sandbox)
        #expect(try await receiver.end() == .exited(0), "\(receiver.transcript)\n\(sender.transcript)")
        #expect(receiver.output.contains("after all"))
        #expect(try await sender.end() == .exited(0), "\(sender.transcript)")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
