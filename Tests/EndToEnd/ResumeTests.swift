import Glibc
import TestSupport
import Testing

@Suite("Resuming", .timeLimit(.minutes(5)))
struct ResumeTests {
    private static let app = "lothar.com/wormhole/text-or-file-xfer"

    @Test("clients finish what they had begun when the process was killed in between")
    func killed() async throws {
        let server = try await RunningServer("--blur-usage=0", recordsLines: true)
        var port = await server.ports.mailbox
        var left = try await MailboxClient(port: port, app: Self.app, side: "left")
        let mailbox = try await left.meet(at: "7")
        try await left.add("pake", "a0")
        var right = try await MailboxClient(port: port, app: Self.app, side: "right")
        #expect(try await right.meet(at: "7") == mailbox)
        try await right.expect("pake", "a0")
        try await right.add("pake", "b0")
        try await left.expect("pake", "b0")
        // One more that nobody has confirmed: it may be kept or not, but it must not do harm.
        try await left.send(["type": "add", "phase": "version", "body": "a1"])

        #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
        #expect(try await left.connection.remainder().frames.allSatisfy { $0.opcode == 1 })
        try await server.restart()
        port = await server.ports.mailbox

        // As clients do when they come back: the same side, the same claim, and again what has not come back to them.
        left = try await MailboxClient(port: port, app: Self.app, side: "left")
        #expect(try await left.meet(at: "7") == mailbox)
        try await left.expect("pake", "a0")
        try await left.expect("pake", "b0")
        try await left.send(["type": "add", "phase": "version", "body": "a1"])
        right = try await MailboxClient(port: port, app: Self.app, side: "right")
        #expect(try await right.meet(at: "7") == mailbox)
        try await right.expect("pake", "a0")
        try await right.expect("pake", "b0")
        try await right.expect("version", "a1")
        try await right.add("answer", "b1")
        try await left.expect("answer", "b1")
        try await left.leave()
        try await right.leave()

        let lines = try await eventually("the mailbox has its record") {
            let lines = try await server.recordLines()
            return lines.contains { $0["kind"] == "mailbox" } ? lines : nil
        }
        #expect(lines.first { $0["kind"] == "mailbox" }?["result"] == "happy")
        #expect(lines.first { $0["kind"] == "nameplate" }?["result"] == "happy")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let kept = "SELECT (SELECT count(*) FROM mailboxes), (SELECT count(*) FROM messages)"
        #expect(try await server.query("relay.sqlite", kept) == ["0|0"])
    }

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
