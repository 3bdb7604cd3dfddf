import Glibc
import TestSupport
import Testing

/// A reply is a promise: what it says is so after the process was killed right behind it.
///
/// An `ack` promises nothing: it says that a command was received, before anything is judged (mailbox protocol, sections 3.1
/// and 3.5). So `open` promises by the first message it is answered with, and of an empty mailbox nothing at all; nor does `bind`.
@Suite("Promises", .timeLimit(.minutes(5)))
struct PromiseTests {
    /// What is replied to last.
    enum Command: String, CaseIterable {
        case allocate, claim
        case secondClaim = "claim of a nameplate that exists"
        case release
        case lastRelease = "release by who alone has it"
        case open, add, close
        case lastClose = "close by the last"
    }

    private typealias Contents = [(statement: String, rows: [Substring])]

    private static let nameplates = "SELECT name, mailbox_id FROM nameplates"
    private static let nameplateSides = "SELECT side, claimed FROM nameplate_sides ORDER BY side"
    private static let mailboxes = "SELECT id, for_nameplate FROM mailboxes"
    private static let mailboxSides = "SELECT side, opened, mood FROM mailbox_sides ORDER BY side"
    private static let messages = "SELECT side, phase, body FROM messages"

    @Test("83: killed right behind a reply, the server has done what it replied", arguments: Command.allCases)
    func killed(command: Command) async throws {
        let server = try await RunningServer("--blur-usage=0")
        let (a, b) = (
            try await MailboxClient(port: server.ports.mailbox, app: "promise", side: "a"),
            try await MailboxClient(port: server.ports.mailbox, app: "promise", side: "b")
        )
        let expected = try await Self.promise(of: command, to: a, beside: b)
        #expect(try await server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await server.restart()
        for (statement, rows) in expected {
            #expect(try await server.query("relay.sqlite", statement) == rows, "\(statement)")
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// Leads to a command of one client and hears the reply.
    ///
    /// - Returns: What is stored from then on.
    private static func promise(
        of command: Command,
        to a: MailboxClient,
        beside b: MailboxClient
    ) async throws -> Contents {
        switch command {
        case .allocate:
            try await a.send(["type": "allocate"])
            let name = try #require(try await a.next("allocated")["nameplate"]?.string)
            return [
                ("SELECT name FROM nameplates", [Substring(name)]), (nameplateSides, ["a|1"]),
                ("SELECT for_nameplate FROM mailboxes", ["1"]), (mailboxSides, ["a|1|"]),
            ]
        case .claim:
            let mailbox = try await a.claim("4")
            return [
                (nameplates, ["4|\(mailbox)"]), (nameplateSides, ["a|1"]), (mailboxes, ["\(mailbox)|1"]),
                (mailboxSides, ["a|1|"]),
            ]
        case .secondClaim:
            let mailbox = try await b.claim("4")
            #expect(try await a.claim("4") == mailbox)
            return [
                (nameplates, ["4|\(mailbox)"]), (nameplateSides, ["a|1", "b|1"]), (mailboxSides, ["a|1|", "b|1|"]),
            ]
        case .release:
            for client in [a, b] { _ = try await client.meet(at: "4") }
            try await a.release()
            return [(nameplateSides, ["a|0", "b|1"])]
        case .lastRelease:
            let mailbox = try await a.claim("4")
            try await a.release()
            return [(nameplates, []), (nameplateSides, []), (mailboxes, ["\(mailbox)|1"]), (mailboxSides, ["a|1|"])]
        case .open:
            try await b.send(["type": "open", "mailbox": "m"])
            try await b.add("pake", "00ff")
            try await a.send(["type": "open", "mailbox": "m"])
            try await a.expect("pake", "00ff")
            return [(mailboxes, ["m|0"]), (mailboxSides, ["a|1|", "b|1|"]), (messages, ["b|pake|00ff"])]
        case .add:
            _ = try await a.meet(at: "4")
            try await a.add("pake", "00ff")
            return [(messages, ["a|pake|00ff"])]
        case .close:
            for client in [a, b] { _ = try await client.meet(at: "4") }
            try await a.close()
            return [(mailboxSides, ["a|0|happy", "b|1|"])]
        case .lastClose:
            for client in [a, b] { _ = try await client.meet(at: "4") }
            try await a.add("pake", "00ff")
            try await b.close()
            try await a.close()
            return [nameplates, nameplateSides, mailboxes, mailboxSides, messages].map { ($0, []) }
        }
    }
}
