import Foundation
import TestSupport
import Testing

/// What the mailbox server records, by the numbers of its specification.
@Suite("Records of the mailbox server", .serialized, .timeLimit(.minutes(5)))
struct MailboxRecordTests {
    private func client(_ server: RunningServer, _ side: String) async throws -> MailboxClient {
        try await MailboxClient(port: await server.ports.mailbox, app: "app", side: side)
    }

    private func claim(_ client: MailboxClient, _ nameplate: String) async throws {
        try await client.send(["type": "claim", "nameplate": .string(nameplate)])
        _ = try await client.next("claimed")
    }

    private func release(_ client: MailboxClient) async throws {
        try await client.send(["type": "release"])
        _ = try await client.next("released")
    }

    private func expect(_ rows: [Substring], of statement: String, in server: RunningServer) async throws {
        try await eventually("\(rows) from \(statement)") { try await server.query("usage.sqlite", statement) == rows }
    }

    private let marker = "SELECT count(*) FROM client_versions WHERE side = 'marker'"

    @Test("94, 95, 96: a nameplate's row is there after its last release, with its waits and its result")
    func nameplates() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let (left, right) = (try await client(server, "left"), try await client(server, "right"))
        try await claim(left, "1")
        try await Task.sleep(for: .milliseconds(200))
        try await claim(right, "1")
        try await release(left)
        // A row of what came later is there: so the nameplate's own would be.
        _ = try await client(server, "marker")
        try await expect(["1"], of: marker, in: server)
        #expect(try await server.query("usage.sqlite", "SELECT count(*) FROM nameplates") == ["0"])
        try await Task.sleep(for: .milliseconds(200))
        try await release(right)
        let statement = """
            SELECT result, waiting_time BETWEEN 0.2 AND 1.5, total_time BETWEEN 0.4 AND 4, typeof(started) FROM nameplates
            """
        try await expect(["happy|1|1|real"], of: statement, in: server)

        let alone = try await client(server, "alone")
        try await claim(alone, "2")
        try await release(alone)
        let crowd = [try await client(server, "a"), try await client(server, "b"), try await client(server, "c")]
        try await claim(crowd[0], "3")
        try await claim(crowd[1], "3")
        try await crowd[2].send(["type": "claim", "nameplate": "3"])
        #expect(try JSON(try await nextError(crowd[2]))["error"]?.string == "crowded")
        // The third side was turned away, and yet is one of those that hold the nameplate.
        for client in crowd { try await release(client) }
        let results = "SELECT result, typeof(waiting_time) FROM nameplates WHERE result <> 'happy' ORDER BY 1"
        try await expect(["crowded|real", "lonely|null"], of: results, in: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    private func nextError(_ client: MailboxClient) async throws -> String {
        while true {
            let text = try await client.connection.nextText()
            if text.contains(#""error""#) { return text }
        }
    }

    @Test("97, 98, 101: a mailbox's row has its worst mood, how it came to be, and is written once")
    func mailboxes() async throws {
        let server = try await RunningServer("--blur-usage=0")
        for (number, moods) in [("happy", "happy"), ("lonely", "happy"), ("errory", "scary")].enumerated() {
            let (left, right) = (try await client(server, "l\(number)"), try await client(server, "r\(number)"))
            _ = try await left.meet(at: "\(number)")
            _ = try await right.meet(at: "\(number)")
            // Closed before it is released: the nameplate has its row all the same.
            for (client, mood) in [(left, moods.0), (right, moods.1)] {
                try await client.send(["type": "close", "mood": .string(mood)])
                _ = try await client.next("closed")
            }
        }
        let alone = try await client(server, "alone")
        try await alone.send(["type": "open", "mailbox": "direct"])
        try await alone.send(["type": "close", "mood": "errory"])
        _ = try await alone.next("closed")
        let again = try await client(server, "alone")
        try await again.send(["type": "close", "mailbox": "direct", "mood": "errory"])
        _ = try await again.next("closed")
        try await expect(
            ["errory|0", "happy|1", "lonely|1", "scary|1"],
            of: "SELECT result, for_nameplate FROM mailboxes ORDER BY 1",
            in: server
        )
        try await expect(["3"], of: "SELECT count(*) FROM nameplates", in: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        #expect(try await server.query("usage.sqlite", "SELECT count(*) FROM mailboxes") == ["4"])
    }

    @Test("99, 100: a window rounds starts down and leaves the times between alone; versions are kept as sent")
    func blurred() async throws {
        let server = try await RunningServer("--blur-usage=20")
        let (left, right) = (try await client(server, "left"), try await client(server, "right"))
        try await claim(left, "1")
        try await Task.sleep(for: .milliseconds(250))
        try await claim(right, "1")
        try await release(left)
        try await release(right)
        try await expect(
            ["integer|0|1|1"],
            of: """
                SELECT typeof(started), started % 20, waiting_time BETWEEN 0.25 AND 2, total_time > waiting_time
                FROM nameplates
                """,
            in: server
        )
        let connection = try await WebSocketTestClient.connect(port: await server.ports.mailbox, path: "/v1")
        try await connection.send(
            text: #"{"type":"bind","appid":"app","side":"third","client_version":["go-william","1.0.8","more"]}"#
        )
        try await expect(
            ["NULL|NULL|0|integer", "NULL|NULL|0|integer", "go-william|1.0.8|0|integer"],
            of: """
                SELECT coalesce(implementation, 'NULL'), coalesce(version, 'NULL'), connect_time % 20, typeof(connect_time)
                FROM client_versions ORDER BY rowid
                """,
            in: server
        )
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test(
        "102: the current row is there at start, says the window or NULL, and counts subscriptions",
        arguments: [0, 60]
    )
    func current(blur: Int) async throws {
        let server = try await RunningServer("--blur-usage=\(blur)")
        let statement = "SELECT count(*), blur_time, connections_websocket, updated >= rebooted FROM current"
        try await expect([blur == 0 ? "1||0|1" : "1|60|0|1"], of: statement, in: server)
        let (left, right) = (try await client(server, "left"), try await client(server, "right"))
        _ = try await left.meet(at: "1")
        // Bound, with a nameplate, yet without a mailbox: no subscription.
        try await claim(right, "2")
        try await release(right)
        try await expect([blur == 0 ? "1||1|1" : "1|60|1|1"], of: statement, in: server)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
