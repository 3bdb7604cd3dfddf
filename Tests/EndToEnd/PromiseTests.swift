import Glibc
import TestSupport
import Testing

/// A reply is a promise: what it says is so after the process was killed right behind it.
@Suite("Promises", .timeLimit(.minutes(5)))
struct PromiseTests {
    private static let commands = ["allocate", "claim", "release", "add", "close"]

    @Test("83: killed right behind a reply, the server has done what it replied", arguments: commands)
    func killed(command: String) async throws {
        let server = try await RunningServer("--blur-usage=0")
        let (a, b) = (
            try await MailboxClient(port: server.ports.mailbox, app: "promise", side: "a"),
            try await MailboxClient(port: server.ports.mailbox, app: "promise", side: "b")
        )
        var expected: [(table: String, rows: [Substring])] = []
        switch command {
        case "allocate":
            try await a.send(["type": "allocate"])
            let name = try #require(try await a.next("allocated")["nameplate"]?.string)
            expected = [("SELECT name FROM nameplates", [Substring(name)])]
        case "claim":
            try await a.send(["type": "claim", "nameplate": "4"])
            let mailbox = try #require(try await a.next("claimed")["mailbox"]?.string)
            expected = [
                ("SELECT name, mailbox_id FROM nameplates", ["4|\(mailbox)"]),
                ("SELECT side, claimed FROM nameplate_sides", ["a|1"]),
                ("SELECT id, for_nameplate FROM mailboxes", ["\(mailbox)|1"]),
            ]
        case "release":
            for client in [a, b] { _ = try await client.meet(at: "4") }
            try await a.send(["type": "release"])
            _ = try await a.next("released")
            expected = [("SELECT side, claimed FROM nameplate_sides ORDER BY side", ["a|0", "b|1"])]
        case "add":
            _ = try await a.meet(at: "4")
            try await a.add("pake", "00ff")
            expected = [("SELECT side, phase, body FROM messages", ["a|pake|00ff"])]
        default:
            for client in [a, b] { _ = try await client.meet(at: "4") }
            try await a.send(["type": "close", "mood": "happy"])
            _ = try await a.next("closed")
            expected = [("SELECT side, opened, mood FROM mailbox_sides ORDER BY side", ["a|0|happy", "b|1|"])]
        }
        #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await server.restart()
        for (statement, rows) in expected {
            #expect(try await server.query("relay.sqlite", statement) == rows, "\(statement)")
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
