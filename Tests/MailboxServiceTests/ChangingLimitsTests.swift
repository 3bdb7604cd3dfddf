import Admission
import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing

/// Limits that change while the mailbox server runs.
@Suite("Limits that change", .timeLimit(.minutes(1)))
struct ChangingLimitsTests {
    private static let source = ["X-Real-IP: 192.0.2.1", "X-Real-Port: 5"]

    private static func status(_ harness: MailboxServerHarness) async throws -> String {
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(WebSocketTestClient.request(path: "/v1", headers: source))
        let answer = try await socket.receive(through: "\r\n\r\n")
        return String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self)
    }

    @Test("how many may come, and how fast; who is in stays")
    func connections() async throws {
        try await MailboxServerHarness.run { harness in
            let first = try await harness.connect(headers: Self.source)
            await harness.server.reconfigure { $0.maximumConnections = 1 }
            #expect(try await Self.status(harness) == "503")
            await harness.server.reconfigure {
                $0.maximumConnections = 0
                $0.maximumConnectionsPerSource = 1
            }
            #expect(try await Self.status(harness) == "429")
            await harness.server.reconfigure {
                $0.maximumConnectionsPerSource = 0
                $0.connectionRatePerSource = 1
            }
            for _ in 0..<6 { #expect(try await Self.status(harness) == "101") }
            try await eventually("the rate is reached") { try await Self.status(harness) == "429" }
            try await harness.observed("the table") {
                if case .limitTableLevels(.mailbox, let levels) = $0 { levels.entries == 1 } else { false }
            }
            _ = try await first.ask(["type": "ping", "ping": 1], for: "pong")
        }
    }

    @Test("how long a client may take to bind, also one that is in and had no limit, or a long one")
    func bindTimeout() async throws {
        for before in [Duration.zero, .seconds(1000)] {
            let harness = try await MailboxServerHarness { $0.limits.bindTimeout = before }
            let (bound, silent) = (try await harness.bound("a"), try await harness.connect())
            await harness.server.reconfigure { $0.limits.bindTimeout = .milliseconds(10) }
            #expect(try await silent.webSocket.remainder().closeCode == 1008)
            _ = try await bound.ask(["type": "ping", "ping": 1], for: "pong")
            await harness.server.stop()
        }
    }

    @Test("how often a source may allocate")
    func allocations() async throws {
        try await MailboxServerHarness.run { harness in
            await harness.server.reconfigure { $0.limits.allocations = Pace(1, per: .seconds(600), burst: 1) }
            let client = try await harness.connect(headers: Self.source)
            try await client.send(["type": "bind", "appid": "app", "side": "s"])
            _ = try await client.next("ack")
            _ = try await client.ask(["type": "allocate"], for: "allocated")
            let other = try await harness.connect(headers: Self.source)
            try await other.send(["type": "bind", "appid": "app", "side": "t"])
            _ = try await other.next("ack")
            _ = try await other.ask(["type": "allocate"], for: "error")
            await harness.server.reconfigure { $0.limits.allocations = .unlimited }
            let third = try await harness.connect(headers: Self.source)
            try await third.send(["type": "bind", "appid": "app", "side": "u"])
            _ = try await third.next("ack")
            _ = try await third.ask(["type": "allocate"], for: "allocated")
        }
    }

    @Test("how many nameplates a source may hold")
    func nameplatesHeld() async throws {
        try await MailboxServerHarness.run { harness in
            func claim(_ nameplate: String, for reply: String) async throws {
                let client = try await harness.connect(headers: Self.source)
                try await client.send(["type": "bind", "appid": "app", "side": "s"])
                _ = try await client.next("ack")
                _ = try await client.ask(["type": "claim", "nameplate": nameplate], for: reply)
            }
            for nameplate in ["1", "2"] { try await claim(nameplate, for: "claimed") }
            await harness.server.reconfigure { $0.limits.nameplatesPerSource = 1 }
            try await claim("3", for: "error")
            try await claim("2", for: "claimed")
            await harness.server.reconfigure { $0.limits.nameplatesPerSource = 3 }
            try await claim("3", for: "claimed")
            try await claim("4", for: "error")
        }
    }

    @Test("where the clients come from is reported, and what each has moved can be asked for")
    func levels() async throws {
        try await MailboxServerHarness.run { harness in
            let client = try await harness.connect(headers: Self.source)
            try await harness.observed("the source") {
                $0 == .sourceLevels(SourceLevels(connections: 1, sources: 1, ofBusiest: 1))
            }
            let before = try #require(try await harness.server.connections().first)
            // The welcome.
            #expect(before.bytesReceived == 0 && before.bytesSent > 20)
            try await client.webSocket.send(text: #"{"type":"ping","ping":7}"#)
            _ = try await client.next("ack")
            _ = try await client.next("pong")
            let after = try #require(try await harness.server.connections().first)
            #expect(after.bytesReceived == 24)
            #expect(after.bytesSent > before.bytesSent)
        }
    }
}
