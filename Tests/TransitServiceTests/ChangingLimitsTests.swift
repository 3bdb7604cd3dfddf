import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Limits that change while the relay runs: for those who are in as well.
@Suite(.timeLimit(.minutes(1)))
struct ChangingLimitsTests {
    private static func ended(_ relay: TestRelay, _ cause: SessionEndCause) async throws {
        try await eventually("the end") {
            relay.records.contains { $0.session?.cause == cause } ? () : nil
        }
    }

    @Test("who waits with its handshake or for a partner is held to the new times")
    func waiting() async throws {
        try await TestRelay.run(configure: { $0.handshakeTimeout = .seconds(600) }) { relay in
            let silent = try relay.connect()
            let waiting = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            relay.server.reconfigure { $0.handshakeTimeout = .milliseconds(10) }
            #expect(try await silent.rest() == "")
            #expect(relay.levels.connections == 1)
            relay.server.reconfigure { $0.waitTimeout = .milliseconds(10) }
            #expect(try await waiting.rest() == "")
            for limit in [Limit.transitHandshakeTimeout, .transitWaitTimeout] {
                try await eventually("the hit") { relay.observations.contains(.limitHit(limit)) ? () : nil }
            }
        }
    }

    @Test("how many of one source may wait with one token")
    func crowd() async throws {
        try await TestRelay.run(configure: {
            $0.countsLoopbackSources = true
            $0.waitingPerSourceAndToken = 1
        }) { relay in
            let token = Handshake.freshToken()
            let first = try await relay.client(Handshake.sided(token: token, "1"))
            try await relay.waiting(1)
            relay.server.reconfigure { $0.waitingPerSourceAndToken = 2 }
            let second = try await relay.client(Handshake.sided(token: token, "1"))
            try await relay.waiting(2)
            let third = try await relay.client(Handshake.sided(token: token, "1"))
            #expect(try await third.rest() == "")
            relay.server.reconfigure { $0.waitingPerSourceAndToken = 0 }
            let fourth = try await relay.client(Handshake.sided(token: token, "1"))
            try await relay.waiting(3)
            relay.server.reconfigure { $0.waitingPerSourceAndToken = 1 }
            for client in [first, second, fourth] { await client.close() }
            try await relay.waiting(0)
            // Nobody is counted who is not there any more.
            let next = try await relay.client(Handshake.sided(token: token, "1"))
            try await relay.waiting(1)
            await next.close()
        }
    }

    @Test("pairs that live are held to the new times", arguments: [false, true])
    func pairs(webSocket: Bool) async throws {
        try await TestRelay.run(webSocket: webSocket) { relay in
            let quiet = try await Self.pair(relay, webSocket)
            // Not idle since it began: only since there is such a limit.
            let start = ContinuousClock.now
            relay.server.reconfigure { $0.idleTimeout = .milliseconds(300) }
            try await quiet.expectEnd()
            #expect(ContinuousClock.now - start > .milliseconds(250))
            try await Self.ended(relay, .idleTimeout)
            relay.server.reconfigure { $0.idleTimeout = .zero }
            let old = try await Self.pair(relay, webSocket)
            relay.server.reconfigure { $0.maximumSessionDuration = .milliseconds(10) }
            try await old.expectEnd()
            try await Self.ended(relay, .maximumDuration)
            relay.server.reconfigure { $0.maximumSessionDuration = .zero }
            let large = try await Self.pair(relay, webSocket)
            relay.server.reconfigure { $0.maximumSessionBytes = 10 }
            try await large.socket.send("more than ten bytes")
            try await large.expectEnd()
            try await Self.ended(relay, .maximumBytes)
        }
    }

    @Test(
        "a pair that waits for a slow rate goes on when there is none, and is held to one that comes",
        arguments: [false, true]
    )
    func rates(webSocket: Bool) async throws {
        try await TestRelay.run(webSocket: webSocket, configure: { $0.sessionRate = 1 << 10 }) { relay in
            let pair = try await Self.pair(relay, webSocket)
            let pattern = Pattern(seed: 71)
            // Five minutes at this rate.
            async let sent: Void = pair.socket.send(pattern, count: 320 << 10)
            try await eventually("it waits") {
                relay.observations.contains(.limitHit(.transitSessionRate)) ? () : nil
            }
            relay.server.reconfigure { $0.sessionRate = 0 }
            try await pair.expect(320 << 10)
            try await sent
            relay.server.reconfigure { $0.globalRate = 1 << 10 }
            try await eventually("the rates are told") {
                relay.observations.contains(.transitRatesChanged(session: 0, global: 1 << 10)) ? () : nil
            }
            async let more: Void = pair.socket.send(pattern, count: 2 << 20)
            try await eventually("it waits again") {
                relay.observations.contains(.limitHit(.transitGlobalRate)) ? () : nil
            }
            relay.server.reconfigure { $0.globalRate = 0 }
            try await pair.expect(2 << 20)
            try await more
        }
    }

    @Test("the tables of sources are reported")
    func tables() async throws {
        try await TestRelay.run(configure: {
            $0.countsLoopbackSources = true
            $0.connectionRatePerSource = 1
        }) { relay in
            let client = try relay.connect()
            try await eventually("both are told") {
                let tables = relay.observations.contains {
                    if case .limitTableLevels(.transit, let levels) = $0 { levels.entries == 1 } else { false }
                }
                let sources = relay.observations.contains(
                    .sourceLevels(.init(connections: 1, sources: 1, ofBusiest: 1))
                )
                return tables && sources ? () : nil
            }
            await client.close()
        }
    }

    // MARK: Pairs of either kind

    /// A socket whose partner is a socket, or a WebSocket client.
    private struct Pair {
        let socket: WebSocketTestSocket
        let partner: WebSocketTestSocket?
        let webSocket: WebSocketTestClient?

        func expectEnd() async throws {
            #expect(try await socket.rest() == "")
            await socket.close()
            await partner?.close()
            guard let webSocket else { return }
            while true {
                guard let code = try await webSocket.next().closeCode else { continue }
                return try await webSocket.send(.close(code))
            }
        }

        /// So many bytes arrive at the partner, whatever they are.
        func expect(_ count: Int) async throws {
            if let partner {
                _ = try await partner.receive(exactly: count)
                return
            }
            var received = 0
            while received < count, let webSocket { received += try await webSocket.nextBinary().count }
            #expect(received == count)
        }
    }

    private static func pair(_ relay: TestRelay, _ webSocket: Bool) async throws -> Pair {
        if webSocket {
            let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
            return Pair(socket: socket, partner: nil, webSocket: client)
        }
        let (first, second) = try await relay.pair()
        return Pair(socket: first, partner: second, webSocket: nil)
    }
}
