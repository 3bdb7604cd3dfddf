import Glibc
import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// What must not bring the relay down.
@Suite(.timeLimit(.minutes(2)))
struct RobustnessTests {
    @Test("134: without descriptors pairs go on, and accepting resumes when there are some")
    func descriptorExhaustion() async throws {
        // In a process of its own, for the other tests need descriptors.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                let waiting = try await relay.client(Handshake.legacy())
                try await relay.waiting(1)
                // Connected by the kernel before there is a descriptor for the relay's end.
                let late = try relay.connect()
                try await eventually("four connections", isTrue: { relay.openConnections == 4 })
                var hoard: [CInt] = []
                let next = try relay.connect()
                while true {
                    let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
                    if number < 0 { break }
                    hoard.append(number)
                }
                // This one takes the last descriptor of the process, so the relay has none for its end.
                close(hoard.removeLast())
                let stranded = try relay.connect()
                try await eventually(
                    "a failed accept",
                    isTrue: { relay.observations.contains(.acceptFailed(.processDescriptors)) }
                )
                let failures = relay.observations.filter { $0 == .acceptFailed(.processDescriptors) }.count
                let pattern = Pattern(seed: 134)
                async let sent: Void = first.send(pattern, count: 1 << 20)
                try await second.expect(pattern, count: 1 << 20)
                try await sent
                let later = relay.observations.filter { $0 == .acceptFailed(.processDescriptors) }.count
                guard later - failures < 50 else { throw WebSocketTestError(.unexpected, "a spinning accept loop") }
                for number in hoard { close(number) }
                try await stranded.send(Handshake.legacy())
                try await stranded.expectOK()
                try await waiting.expectOK()
                for client in [first, second, late, next] { await client.close() }
            }
        }
    }

    @Test("100, 136: random bytes and random departures leave one record each, or share one, and nothing else behind")
    func soak() async throws {
        let relay = try await TestRelay.start(webSocket: true) { configuration in
            configuration.handshakeTimeout = .seconds(1)
            configuration.stalledDrainTimeout = .seconds(1)
            configuration.farewellTimeout = .milliseconds(200)
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seed in 0..<8 as Range<UInt64> {
                group.addTask { try await Soak(seed: seed, relay: relay).run(rounds: 60) }
            }
            var connections = 0
            for try await count in group { connections += count }
            try await eventually("every accept", isTrue: { relay.acceptedConnections == connections })
            try await relay.isEmpty()
            #expect(!relay.moods.contains(.jilted))
            let happy = relay.moods.filter { $0 == .happy }.count
            #expect(relay.records.count + happy == connections)
        }
        try await eventually("empty buffers", isTrue: { relay.relayLevels == RelayLevels(owner: -1) })
        #expect(SocketTable.connections(through: relay.port).isEmpty)
        #expect(SocketTable.connections(through: relay.webSocketPort).isEmpty)
        await relay.server.stop(drainTimeout: .zero)
    }
}
