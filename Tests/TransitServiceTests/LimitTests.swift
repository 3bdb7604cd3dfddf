import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Limits that protect the process: who is refused sees an end and not a word, and leaves no record.
@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
    private static func run(
        webSocket: Bool = false,
        configure: (inout TransitConfiguration) -> Void,
        _ body: (TestRelay) async throws -> Void
    ) async throws {
        try await TestRelay.run(
            webSocket: webSocket,
            configure: {
                $0.countsLoopbackSources = true
                configure(&$0)
            },
            body
        )
    }

    private static func expectRefusal(
        of client: WebSocketTestSocket,
        _ reason: RejectionReason,
        by relay: TestRelay
    ) async throws {
        let (bytes, _) = try await client.receiveToEnd()
        #expect(bytes.isEmpty)
        try await eventually("the refusal") {
            relay.observations.contains(.connectionRejected(.transit, reason: reason)) ? () : nil
        }
    }

    @Test("open connections of all: the next is refused, until one leaves")
    func connections() async throws {
        try await Self.run(configure: { $0.connections = 3 }) { relay in
            let (first, second) = try await relay.pair()
            let waiting = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            try await Self.expectRefusal(of: relay.connect(), .globalLimit, by: relay)
            await second.close()
            #expect(try await first.rest() == "")
            await first.close()
            try await eventually("room", isTrue: { relay.openConnections == 1 })
            let partner = try await relay.client(Handshake.legacy())
            try await partner.expectOK()
            try await waiting.expectOK()
            await partner.close()
            #expect(try await relay.records(2).map(\.mood) == [.happy, .happy])
        }
    }

    @Test("open connections of one source: another source is not concerned")
    func connectionsPerSource() async throws {
        try await Self.run(configure: { $0.connectionsPerSource = 2 }) { relay in
            let (first, second) = try await relay.pair()
            try await Self.expectRefusal(of: relay.connect(), .sourceLimit, by: relay)
            let elsewhere = try WebSocketTestSocket.connect(port: relay.port, from: "127.0.0.2")
            try await elsewhere.send(Handshake.legacy())
            try await relay.waiting(1)
            await first.close()
            await second.close()
            try await eventually("room", isTrue: { relay.openConnections == 1 })
            let partner = try await relay.client(Handshake.legacy())
            try await partner.expectOK()
        }
    }

    @Test("new connections in a second, of all and of one source", arguments: [true, false])
    func connectionRate(perSource: Bool) async throws {
        try await Self.run(configure: {
            if perSource { $0.connectionRatePerSource = 1 } else { $0.connectionRate = 1 }
        }) { relay in
            let burst = try (0..<(perSource ? 6 : 2)).map { _ in try relay.connect() }
            try await eventually("the burst", isTrue: { relay.openConnections == burst.count })
            try await Self.expectRefusal(of: relay.connect(), perSource ? .sourceRate : .acceptRate, by: relay)
            // A moment later there is room for one.
            try await eventually("room") { () -> Bool in
                let client = try relay.connect()
                await client.close()
                return relay.acceptedConnections > burst.count
            }
            for client in burst { await client.close() }
        }
    }

    @Test("unfinished handshakes, of all and of one source: who has spoken makes room", arguments: [true, false])
    func handshakes(perSource: Bool) async throws {
        try await Self.run(configure: {
            if perSource { $0.handshakesPerSource = 2 } else { $0.handshakes = 2 }
        }) { relay in
            let silent = try relay.connect()
            let slow = try await relay.client("please")
            try await eventually("two connections", isTrue: { relay.openConnections == 2 })
            try await Self.expectRefusal(of: relay.connect(), perSource ? .sourceLimit : .globalLimit, by: relay)
            try await slow.send(" relay \(Handshake.freshToken())\n")
            try await relay.waiting(1)
            let next = try await relay.client(Handshake.legacy())
            try await relay.waiting(2)
            for client in [silent, slow, next] { await client.close() }
            #expect(Set(try await relay.records(3).map(\.mood)) == [.empty, .lonely])
        }
    }

    @Test(
        "waiting connections of one source with one token: the next is turned away, and another token is not concerned"
    )
    func waiting() async throws {
        try await Self.run(configure: { $0.waitingPerSourceAndToken = 2 }) { relay in
            let token = Handshake.freshToken()
            var clients: [WebSocketTestSocket] = []
            for count in 1...2 {
                clients.append(try await relay.client(Handshake.sided(token: token, "1")))
                try await relay.waiting(count)
            }
            let third = try await relay.client(Handshake.sided(token: token, "1"))
            #expect(try await third.rest() == "")
            try await eventually("the hit") {
                relay.observations.contains(.limitHit(.transitWaitingPerSource)) ? () : nil
            }
            #expect(relay.levels.connections == 2)
            #expect(relay.records.isEmpty)
            clients.append(try await relay.client(Handshake.legacy(token: Handshake.freshToken())))
            try await relay.waiting(3)
            // A partner is no more one who waits.
            let partner = try await relay.client(Handshake.sided(token: token, "2"))
            try await partner.expectOK()
        }
    }

    @Test("a WebSocket client beyond a limit is told so before its upgrade", arguments: [true, false])
    func webSocket(perSource: Bool) async throws {
        try await Self.run(
            webSocket: true,
            configure: { if perSource { $0.connectionsPerSource = 1 } else { $0.connections = 1 } }
        ) { relay in
            let first = try await relay.webSocketClient(saying: Handshake.legacy())
            try await relay.waiting(1)
            let second = try WebSocketTestSocket.connect(port: relay.webSocketPort)
            try await second.send(WebSocketTestClient.request())
            #expect(try await second.rest().hasPrefix("HTTP/1.1 \(perSource ? 429 : 503) "))
            let reason = perSource ? RejectionReason.sourceLimit : .globalLimit
            try await eventually("the refusal") {
                relay.observations.contains(.connectionRejected(.transit, reason: reason)) ? () : nil
            }
            _ = try await first.close()
            try await relay.isEmpty()
            let third = try await relay.webSocketClient(saying: Handshake.legacy())
            try await relay.waiting(1)
            _ = try await third.close()
        }
    }

    @Test("limits of one source leave this machine alone, for a proxy may stand here")
    func loopback() async throws {
        try await TestRelay.run(configure: {
            $0.connectionsPerSource = 1
            $0.handshakesPerSource = 1
            $0.waitingPerSourceAndToken = 1
        }) { relay in
            var clients: [WebSocketTestSocket] = []
            for count in 1...4 {
                clients.append(try await relay.client(Handshake.sided("a", "1")))
                try await relay.waiting(count)
            }
            #expect(!relay.observations.contains(.connectionRejected(.transit, reason: .sourceLimit)))
        }
    }

    @Test("a pair lasts as long as the operator allows, however busy it is", arguments: [false, true])
    func sessionDuration(webSocket: Bool) async throws {
        try await TestRelay.run(
            webSocket: webSocket,
            configure: { $0.maximumSessionDuration = .milliseconds(300) }
        ) { relay in
            let socket: WebSocketTestSocket
            let partner: WebSocketTestSocket
            if webSocket {
                let pair = try await relay.mixedPair(webSocketWaits: true)
                (socket, partner) = (pair.socket, pair.client.socket)
            } else {
                (socket, partner) = try await relay.pair()
            }
            // Not idle: a byte now and then, until the relay does not take any more.
            async let rest = partner.receiveToEnd()
            do {
                while true {
                    try await socket.send("x")
                    if try await socket.receiveAvailable()?.isEmpty == true { break }
                    try await Task.sleep(for: .milliseconds(5))
                }
            } catch is WebSocketTestError {}
            _ = try await rest
            await socket.close()
            await partner.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.mood == .happy)
            #expect(record.session?.cause == .maximumDuration)
            #expect(record.session.map { $0.duration >= .milliseconds(300) && $0.duration < .seconds(3) } == true)
        }
    }

    @Test("a pair moves as many bytes as the operator allows, and not one more", arguments: [1000, 1_000_000])
    func sessionBytes(limit: Int) async throws {
        try await TestRelay.run(configure: { $0.maximumSessionBytes = limit }) { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 29)
            try await second.send(pattern.bytes(at: 0, count: 400))
            #expect(try await first.receive(exactly: 400) == pattern.bytes(at: 0, count: 400))
            async let arrived = second.expectToEnd(pattern)
            // The relay stops reading in the middle of it.
            do { try await first.send(pattern, count: 2 * limit) } catch is WebSocketTestError {}
            #expect(try await arrived == limit - 400)
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalBytes == UInt64(limit))
            #expect(record.session?.cause == .maximumBytes)
            await first.close()
            await second.close()
            try await relay.isEmpty()
            let cause = relay.observations.compactMap {
                if case .connectionClosed(_, let cause, _) = $0 { cause } else { nil }
            }
            #expect(cause == [.limit, .limit])
        }
    }

    @Test("what a second says right behind its handshake counts, too")
    func sessionBytesAtOnce() async throws {
        try await TestRelay.run(configure: { $0.maximumSessionBytes = 3 }) { relay in
            let first = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            let second = try await relay.client(Handshake.legacy() + "1234")
            #expect(try await first.rest() == "ok\n1234")
            #expect(try await second.rest() == "ok\n")
            #expect(try await relay.records(1).first?.session?.cause == .maximumBytes)
        }
    }

    @Test("a WebSocket client's pair keeps to the bytes, too, either way", arguments: [true, false])
    func sessionBytesByWebSocket(webSocketSends: Bool) async throws {
        let limit = 40_000
        try await TestRelay.run(webSocket: true, configure: { $0.maximumSessionBytes = limit }) { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: 30)
            if webSocketSends {
                async let arrived = socket.expectToEnd(pattern)
                do {
                    try await client.send(binary: pattern.bytes(at: 0, count: 3 * limit))
                } catch is WebSocketTestError {}
                #expect(try await arrived == limit)
                #expect(try await client.next().closeCode == 1000)
            } else {
                do { try await socket.send(pattern, count: 3 * limit) } catch is WebSocketTestError {}
                var payload: [UInt8] = []
                while payload.count < limit { payload += try await client.nextBinary() }
                #expect(payload.count == limit && pattern.matches(payload, at: 0))
                #expect(try await client.next().closeCode == 1000)
            }
            _ = try await client.close()
            await socket.close()
            let record = try #require(try await relay.records(1).first)
            #expect(record.totalBytes == UInt64(limit))
            #expect(record.session?.cause == .maximumBytes)
        }
    }

    @Test("(D9) who waits for longer than the operator allows is closed as lonely, without a word")
    func waitTimeout() async throws {
        try await TestRelay.run(configure: { $0.waitTimeout = .milliseconds(200) }) { relay in
            let client = try await relay.client(Handshake.legacy())
            #expect(try await client.rest() == "")
            #expect(try await relay.records(1).map(\.mood) == [.lonely])
            #expect(relay.observations.contains(.limitHit(.transitWaitTimeout)))
        }
    }
}
