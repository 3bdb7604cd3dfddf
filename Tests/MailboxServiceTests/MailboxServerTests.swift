import Foundation
import LinuxIO
import MailboxRules
import MailboxService
import Observations
import TestSupport
import Testing
import WormholeWire

@Suite("Mailbox server", .timeLimit(.minutes(2)))
struct MailboxServerTests {
    private static func get(_ harness: MailboxServerHarness, _ request: String) async throws -> String {
        let socket = try WebSocketTestSocket.connect(port: harness.port)
        try await socket.send(request)
        let (bytes, ending) = try await socket.receiveToEnd()
        #expect(ending == .orderly)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "1, 2, 3: the few paths there are; each answer ends its connection in order, and is nothing to log an error about",
        arguments: [
            ("GET /", "200", "Wormhole Relay\n"), ("GET /?q", "200", "Wormhole Relay\n"), ("HEAD /", "200", ""),
            ("POST /", "405", "Method not allowed.\n"), ("GET /nonexistent", "404", "Not found.\n"),
            ("GET /v2", "404", "Not found.\n"), ("GET /v1x", "404", "Not found.\n"),
            ("GET /v1", "426", "This is a Magic Wormhole mailbox server; it speaks WebSocket here.\n"),
            ("POST /v1", "405", "Method not allowed.\n"), ("HEAD /v1", "405", ""),
        ]
    )
    func paths(request: String, status: String, body: String) async throws {
        let harness = try await MailboxServerHarness()
        let answer = try await Self.get(harness, "\(request) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
        #expect(answer.components(separatedBy: "\r\n\r\n").last == body)
        #expect(answer.contains("Server: wormhole-server"))
        await harness.server.stop()
        #expect(harness.log.warnings == [])
    }

    @Test("paths that are slow to compare as text keep nobody waiting")
    func hostilePaths() async throws {
        let harness = try await MailboxServerHarness()
        let marks = String(repeating: "\u{301}", count: 3900) + String(repeating: "\u{323}", count: 3900)
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<100 {
            let answer = try await Self.get(harness, "GET /\(marks) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 404 "))
        }
        #expect(clock.now - start < .seconds(5))
        await harness.server.stop()
    }

    @Test("4: /v1 and what is below or behind it becomes a WebSocket", arguments: ["/v1", "/v1/", "/v1?x=1", "/v1/a"])
    func upgrades(path: String) async throws {
        let harness = try await MailboxServerHarness()
        let client = try await harness.connect(path: path)
        let pong = try await client.ask(["type": "ping", "ping": "x"], for: "pong")
        #expect(pong["pong"] as? String == "x")
        await harness.server.stop()
    }

    @Test(
        "17 to 20: the client's address is the connection's, or what a proxy on this host says, if it makes sense",
        arguments: [
            ([], "127.0.0.1", nil), (["X-Real-IP: 192.0.2.7", "X-Real-Port: 5678"], "192.0.2.7", 5678),
            (["X-Real-IP: 2001:db8::7", "X-Real-Port: 5678"], "2001:db8::7", 5678),
            (["X-Real-IP: ::ffff:1.2.3.4", "X-Real-Port: 0"], "1.2.3.4", 0),
            (["X-Real-IP: 192.0.2.7"], "127.0.0.1", nil), (["X-Real-IP: hello", "X-Real-Port: 1"], "127.0.0.1", nil),
            (["X-Real-IP: 192.0.2.7", "X-Real-Port: 99999"], "127.0.0.1", nil),
            (["X-Real-IP: 192.0.2.7", "X-Real-Port: -5"], "127.0.0.1", nil),
            (["X-Real-IP: 1.2.3.4", "X-Real-IP: 5.6.7.8", "X-Real-Port: 1"], "127.0.0.1", nil),
        ] as [([String], String, Int?)]
    )
    func addresses(headers: [String], address: String, port: Int?) async throws {
        let harness = try await MailboxServerHarness()
        let webSocket = try await WebSocketTestClient.connect(port: harness.port, path: "/v1", headers: headers)
        let message = try await MailboxTestClient(webSocket: webSocket).next("welcome")
        let told = (message["welcome"] as? [String: any Sendable])?["your-address"] as? [String: any Sendable]
        let key = address.contains(":") ? "ipv6" : "ipv4"
        let toldAddress = told?[key] as? String
        #expect(toldAddress == address)
        #expect(told?.count == 2)
        let toldPort = told?["port"] as? Double
        if let port { #expect(toldPort == Double(port)) }
        await harness.server.stop()
    }

    @Test("a proxy that is not trusted is not believed")
    func untrustedProxy() async throws {
        let harness = try await MailboxServerHarness { $0.trustedProxies = [AddressRange("192.0.2.0/24")!] }
        let headers = ["X-Real-IP: 192.0.2.7", "X-Real-Port: 5678"]
        let webSocket = try await WebSocketTestClient.connect(port: harness.port, path: "/v1", headers: headers)
        let message = try await MailboxTestClient(webSocket: webSocket).next("welcome")
        let told = (message["welcome"] as? [String: any Sendable])?["your-address"] as? [String: any Sendable]
        #expect(told?["ipv4"] as? String == "127.0.0.1")
        await harness.server.stop()
    }

    @Test("20: a Unix socket welcomes without an address")
    func unixSocket() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        let harness = try await MailboxServerHarness(endpoint: "unix:\(path)")
        let webSocket = try await WebSocketTestClient.upgrade(.connect(path: path), path: "/v1")
        let message = try await MailboxTestClient(webSocket: webSocket).next("welcome")
        let welcome = message["welcome"] as? [String: any Sendable]
        #expect(welcome?.isEmpty == true)
        try await harness.observed("a connection over a Unix socket") {
            $0 == .connectionAccepted(.init(component: .mailbox, transport: .webSocket, family: .unix))
        }
        await harness.server.stop()
    }

    @Test("9: a command in a binary message is as good as in a text message")
    func binary() async throws {
        let harness = try await MailboxServerHarness()
        let client = try await harness.connect()
        try await client.webSocket.send(binary: Array(#"{"type":"ping","ping":1}"#.utf8))
        _ = try await client.next("ack")
        _ = try await client.next("pong")
        await harness.server.stop()
    }

    @Test("14: a message above the limit ends its connection with 1009, and no other")
    func tooBig() async throws {
        let harness = try await MailboxServerHarness { $0.maximumMessageSize = 1000 }
        let (greedy, other) = (try await harness.connect(), try await harness.connect())
        try await greedy.webSocket.send(text: String(repeating: " ", count: 1001))
        #expect(try await greedy.webSocket.remainder().closeCode == 1009)
        _ = try await other.ask(["type": "ping", "ping": 1], for: "pong")
        try await harness.observed("the limit") { $0 == .limitHit(.mailboxMessageSize) }
        await harness.server.stop()
    }

    @Test("a whole session of two sides, one record of each kind at its end")
    func session() async throws {
        let harness = try await MailboxServerHarness()
        let (a, b) = (try await harness.bound("a"), try await harness.bound("b"))
        let name = try #require(try await a.ask(["type": "allocate"], for: "allocated")["nameplate"] as? String)
        let mailbox = try #require(
            try await a.ask(["type": "claim", "nameplate": name], for: "claimed")["mailbox"] as? String
        )
        let same = try await b.ask(["type": "claim", "nameplate": name], for: "claimed")["mailbox"] as? String
        #expect(same == mailbox)
        for client in [a, b] {
            try await client.send(["type": "open", "mailbox": mailbox])
            _ = try await client.next("ack")
        }
        let echo = try await a.ask(["type": "add", "phase": "pake", "body": "00", "id": "x"], for: "message")
        let message = try await b.next("message")
        for key in ["side", "phase", "body", "id"] { #expect(echo[key] as? String == message[key] as? String) }
        #expect(echo["server_rx"] as? Double == message["server_rx"] as? Double)
        for client in [a, b] {
            _ = try await client.ask(["type": "release"], for: "released")
            _ = try await client.ask(["type": "close", "mood": "happy"], for: "closed")
        }
        var observed: [Observation] = []
        try await eventually("every command is finished") {
            observed += harness.observations()
            let finished = observed.filter { if case .commandFinished(_, .ok, _) = $0 { true } else { false } }
            return finished.count == 12 ? () : nil
        }
        let results = observed.compactMap { observation in
            switch observation {
            case .mailboxRetired(let summary): summary.result.rawValue
            case .nameplateRetired(let summary): summary.result.rawValue
            default: nil
            }
        }
        #expect(results == ["happy", "happy"])
        let delivered = observed.filter { if case .messageDelivered(2, _) = $0 { true } else { false } }
        #expect(delivered.count == 2)
        await harness.server.stop()
    }

    @Test("16, 84: a stop sends 1001, and what was stored is there at the next start")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/relay.sqlite"
        let before = try await MailboxServerHarness(database: database)
        let client = try await before.bound("a")
        let mailbox = try await client.ask(["type": "claim", "nameplate": "4"], for: "claimed")["mailbox"] as? String
        try await client.send(["type": "open", "mailbox": mailbox ?? ""])
        _ = try await client.next("ack")
        _ = try await client.ask(["type": "add", "phase": "p", "body": "00", "id": "x"], for: "message")
        async let goodbye = client.webSocket.remainder()
        await before.server.stop()
        #expect(try await goodbye.closeCode == 1001)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["relay.sqlite"])
        let after = try await MailboxServerHarness(database: database)
        let again = try await after.bound("b")
        #expect(
            try await again.ask(["type": "claim", "nameplate": "4"], for: "claimed")["mailbox"] as? String == mailbox
        )
        let replay = try await again.ask(["type": "open", "mailbox": mailbox ?? ""], for: "message")
        #expect(replay["body"] as? String == "00" && replay["id"] as? String == "x")
        await after.server.stop()
    }

    @Test("a client that does not bind in time is told so and ended")
    func bindTimeout() async throws {
        let harness = try await MailboxServerHarness { $0.limits.bindTimeout = .seconds(3) }
        let bound = try await harness.bound("a")
        let silent = try await harness.connect()
        #expect(try await silent.webSocket.remainder().closeCode == 1008)
        _ = try await bound.ask(["type": "ping", "ping": 1], for: "pong")
        var observed: [Observation] = []
        try await eventually("the cause") {
            observed += harness.observations()
            return observed.contains { if case .connectionClosed(_, .bindTimeout, _) = $0 { true } else { false } }
        }
        #expect(observed.count { $0 == .limitHit(.mailboxBindTimeout) } == 1)
        await harness.server.stop()
    }

    @Test("D13: a client that does not read is ended, and its partner is not delayed")
    func slowReader() async throws {
        let harness = try await MailboxServerHarness {
            $0.maximumSendBuffer = 1 << 20
            $0.limits.bytesPerMailbox = 0
            $0.limits.messagesPerMailbox = 0
        }
        let (slow, busy) = (try await harness.bound("slow"), try await harness.bound("busy"))
        for client in [slow, busy] {
            try await client.send(["type": "open", "mailbox": "m"])
            _ = try await client.next("ack")
        }
        let body = String(repeating: "0", count: 100_000)
        var observed: [Observation] = []
        try await eventually(
            "the slow client is ended",
            isTrue: {
                _ = try await busy.ask(["type": "add", "phase": "p", "body": body], for: "message")
                observed += harness.observations()
                return observed.contains { if case .connectionClosed(_, .slowConsumer, _) = $0 { true } else { false } }
            }
        )
        #expect(observed.count { $0 == .limitHit(.mailboxOutstanding) } == 1)
        _ = try await busy.ask(["type": "ping", "ping": 1], for: "pong")
        await harness.server.stop()
    }

    @Test(
        "D25: a database that another program holds locked refuses what cannot be kept, and service resumes by itself"
    )
    func storageFailure() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/relay.sqlite"
        let harness = try await MailboxServerHarness(database: database)
        let (kept, betrayed) = (try await harness.bound("a"), try await harness.bound("b"))
        let mailbox = try await kept.ask(["type": "claim", "nameplate": "4"], for: "claimed")["mailbox"] as? String
        let other = try HeldDatabase(database)
        try await betrayed.send(["type": "claim", "nameplate": "5"])
        _ = try await betrayed.next("ack")
        let error = try await betrayed.next("error")
        #expect(error["error"] as? String == "server storage failure" && error.keys.contains("orig"))
        #expect(try await betrayed.webSocket.remainder().closeCode == 1011)
        // Nothing was promised to this one, so it stays and is told.
        let refused = try await kept.ask(["type": "open", "mailbox": mailbox ?? ""], for: "error")
        #expect(refused["error"] as? String == "server storage failure")
        _ = try await kept.ask(["type": "ping", "ping": 1], for: "pong")
        try await harness.observed("not ready") { $0 == .readinessChanged(.channelDatabase, isReady: false) }
        try other.letGo()
        try await harness.observed("ready again") { $0 == .readinessChanged(.channelDatabase, isReady: true) }
        let names = try await kept.ask(["type": "list"], for: "nameplates")["nameplates"] as? [[String: any Sendable]]
        #expect(names?.compactMap { $0["id"] as? String } == ["4"])
        let again = try await harness.bound("b")
        _ = try await again.ask(["type": "claim", "nameplate": "5"], for: "claimed")
        await harness.server.stop()
    }

    @Test("garbage on the wire ends only its own connection", arguments: 0..<10 as Range<UInt64>)
    func garbage(seed: UInt64) async throws {
        let harness = try await MailboxServerHarness()
        var random = SeededGenerator(seed: seed)
        let good = try await harness.bound("a")
        for _ in 0..<20 {
            let client = try await harness.connect()
            let bytes = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Not answered in any particular way: the next question to the good client is.
            try? await client.webSocket.send(raw: bytes)
        }
        _ = try await good.ask(["type": "ping", "ping": 1], for: "pong")
        await harness.server.stop()
    }
}
