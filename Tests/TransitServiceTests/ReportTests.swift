import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// What the relay tells of itself beyond records and levels.
@Suite(.timeLimit(.minutes(1)))
struct ReportTests {
    private static func pairings(of relay: TestRelay) -> [TransitPairing] {
        relay.observations.compactMap { if case .transitPaired(let pairing) = $0 { pairing } else { nil } }
    }

    @Test("a pair from one network is told from a pair of two", arguments: ["127.0.0.1", "127.0.0.2"])
    func sameSource(address: String) async throws {
        try await TestRelay.run(configure: { $0.countsLoopbackSources = true }) { relay in
            let first = try await relay.client(Handshake.legacy())
            try await relay.waiting(1)
            let second = try WebSocketTestSocket.connect(port: relay.port, from: address)
            try await second.send(Handshake.legacy())
            try await first.expectOK()
            let pairing = try await eventually("a pairing") { Self.pairings(of: relay).first }
            #expect(pairing.isSameSource == (address == "127.0.0.1"))
            await second.close()
        }
    }

    @Test("WebSocket clients of one network are told, too")
    func sameSourceByWebSocket() async throws {
        try await TestRelay.run(webSocket: true, configure: { $0.countsLoopbackSources = true }) { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pairing = try await eventually("a pairing") { Self.pairings(of: relay).first }
            #expect(pairing.isSameSource)
            #expect(pairing.path == .tcpToWebSocket)
            await socket.close()
            _ = try await client.close()
        }
    }

    @Test("this machine is no network: a proxy may stand here")
    func loopback() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let pairing = try await eventually("a pairing") { Self.pairings(of: relay).first }
            #expect(!pairing.isSameSource)
            for client in [first, second] { await client.close() }
        }
    }

    @Test("the kernel's round trip is told for each socket of a pair, once", arguments: [false, true])
    func roundTrip(webSocket: Bool) async throws {
        try await TestRelay.run(webSocket: webSocket) { relay in
            if webSocket {
                let (client, socket) = try await relay.mixedPair(webSocketWaits: false)
                await socket.close()
                _ = try await client.close()
            } else {
                let (first, second) = try await relay.pair()
                await first.close()
                await second.close()
            }
            try await relay.isEmpty()
            let roundTrips = relay.observations.compactMap {
                if case .keepaliveAnswered(.transit, let roundTrip) = $0 { roundTrip } else { nil }
            }
            #expect(roundTrips.count == (webSocket ? 1 : 2))
            #expect(roundTrips.allSatisfy { $0 > .zero && $0 < .seconds(1) })
        }
    }

    @Test("a Unix socket has no round trip")
    func unix() async throws {
        let folder = try TemporaryFolder()
        try await TestRelay.run(path: folder.path + "/relay") { relay in
            let (first, second) = try await relay.pair()
            await first.close()
            await second.close()
            try await relay.isEmpty()
            #expect(!relay.observations.contains { if case .keepaliveAnswered = $0 { true } else { false } })
        }
    }

    @Test("how many connections and bytes there may be is told at the start", arguments: [0, 10, 1000])
    func capacity(connections: Int) async throws {
        try await TestRelay.run(configure: {
            $0.connections = connections
            $0.pipes = 100
        }) { relay in
            let pipes = min(connections, 100)
            let bytes = connections == 0 ? 0 : pipes << 18 + (connections - pipes) << 16
            #expect(
                relay.observations.contains(.transitCapacityChanged(connections: connections, bufferedBytes: bytes))
            )
        }
    }
}
