import Foundation
import Glibc
import TestSupport
import Testing

/// The original mailbox server and ours, one after the other on the same database, under clients that do not notice.
@Suite("Taking over from the original mailbox server", .timeLimit(.minutes(5)))
struct MailboxTakeOverTests {
    private static let app = "take-over"

    /// A side that has met another at a nameplate, wherever its mailbox is served now.
    private struct Traveller {
        let side: String
        let nameplate: String
        private(set) var client: MailboxClient
        private(set) var mailbox = ""

        init(_ side: String, at nameplate: String, port: Int) async throws {
            self.side = side
            self.nameplate = nameplate
            client = try await MailboxClient(port: port, app: MailboxTakeOverTests.app, side: side)
            mailbox = try await client.meet(at: nameplate)
        }

        /// Comes back on a new connection, as clients do: claims, opens, and hears everything again.
        mutating func comeBack(to port: Int, hearing bodies: [String]) async throws {
            client = try await MailboxClient(port: port, app: MailboxTakeOverTests.app, side: side)
            #expect(try await client.meet(at: nameplate) == mailbox)
            var heard: [String] = []
            while heard.count < bodies.count { heard.append(try await client.next("message")["body"]?.string ?? "") }
            #expect(heard == bodies)
        }
    }

    private func original(in folder: TemporaryFolder) async throws -> OriginalServer {
        try await OriginalServer(
            .mailbox,
            ["--channel-db=relay.sqlite", "--usage-db=usage.sqlite"],
            folder: folder.path
        )
    }

    private func end(_ server: OriginalServer) async throws {
        server.child.send(signal: SIGTERM)
        // It passes the signal on to itself when it has finished.
        #expect(try await server.child.end() == .killed(by: SIGTERM))
    }

    @Test("92: clients of the original go on with ours, and then with the original again")
    func thereAndBack() async throws {
        let folder = try TemporaryFolder()
        var server = try await original(in: folder)
        var a = try await Traveller("a", at: "4", port: server.port)
        var b = try await Traveller("b", at: "4", port: server.port)
        let waiting = try await Traveller("c", at: "17", port: server.port)
        try await a.client.add("pake", "a0")
        try await b.client.expect("pake", "a0")
        try await b.client.add("pake", "b0")
        try await end(server)

        let ours = try await RunningServer("--blur-usage=0", folder: folder)
        let port = await ours.ports.mailbox
        try await a.comeBack(to: port, hearing: ["a0", "b0"])
        try await b.comeBack(to: port, hearing: ["a0", "b0"])
        try await a.client.add("0", "a1")
        try await b.client.expect("0", "a1")
        var late = try await Traveller("d", at: waiting.nameplate, port: port)
        #expect(late.mailbox == waiting.mailbox)
        try await late.client.add("pake", "d0")
        try await a.client.send(["type": "release"])
        _ = try await a.client.next("released")
        #expect(try await ours.end(with: SIGTERM) == .exited(0))
        #expect(try await ours.query("relay.sqlite", "SELECT version FROM version") == ["1"])

        server = try await original(in: folder)
        try await b.comeBack(to: server.port, hearing: ["a0", "b0", "a1"])
        try await late.comeBack(to: server.port, hearing: ["d0"])
        try await b.client.add("1", "b1")
        try await b.client.leave()
        let last = try await MailboxClient(port: server.port, app: Self.app, side: "a")
        try await last.send(["type": "open", "mailbox": .string(b.mailbox)])
        for (phase, body) in [("pake", "a0"), ("pake", "b0"), ("0", "a1"), ("1", "b1")] {
            try await last.expect(phase, body)
        }
        try await last.send(["type": "close", "mood": "happy"])
        _ = try await last.next("closed")
        try await end(server)
        #expect(try await ours.query("relay.sqlite", "SELECT name FROM nameplates") == ["17"])
        #expect(try await ours.query("relay.sqlite", "SELECT count(*) FROM mailboxes") == ["1"])
        #expect(try await ours.query("relay.sqlite", "PRAGMA integrity_check") == ["ok"])
    }

    @Test(
        "D24: a database of the development branch is served as it is, and stays one",
        arguments: ["", ", ends INTEGER"]
    )
    func versionTwo(column: String) async throws {
        let folder = try TemporaryFolder()
        let server = try await original(in: folder)
        var a = try await Traveller("a", at: "4", port: server.port)
        try await a.client.add("pake", "a0")
        try await end(server)
        let upgrade = """
            CREATE TABLE addrid_generation (generation INTEGER, started INTEGER\(column));
            CREATE TABLE connections (id INTEGER PRIMARY KEY AUTOINCREMENT, addrid_generation INTEGER,
                addrid_counter INTEGER, connected INTEGER, side VARCHAR, implementation VARCHAR, version VARCHAR,
                active INTEGER);
            CREATE TABLE connection_messages (id REFERENCES connections(id), "when" INTEGER, name VARCHAR);
            INSERT INTO addrid_generation (generation, started) VALUES (6, 5);
            UPDATE version SET version = 2;
            """
        _ = try await run("sqlite3", folder.path + "/relay.sqlite", upgrade)

        let ours = try await RunningServer("--addrid-db=:memory:", folder: folder)
        try await a.comeBack(to: ours.ports.mailbox, hearing: ["a0"])
        try await eventually("the connection is told of") {
            try await ours.query("relay.sqlite", "SELECT side, addrid_generation, addrid_counter FROM connections")
                == ["a|7|1"]
        }
        #expect(try await ours.end(with: SIGTERM) == .exited(0))
        #expect(try await ours.query("relay.sqlite", "SELECT version FROM version") == ["2"])
        #expect(try await ours.query("relay.sqlite", "SELECT generation FROM addrid_generation") == ["7"])
        let columns = try await ours.query("relay.sqlite", "PRAGMA table_info(addrid_generation)")
        #expect(columns.count == (column.isEmpty ? 2 : 3))
    }
}
