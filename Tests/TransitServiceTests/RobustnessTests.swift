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
                // The concurrency library makes its timer with the first sleep, and ends a process that has no descriptor for it.
                try await Task.sleep(for: .milliseconds(1))
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
}
