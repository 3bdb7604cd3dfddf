import Observations
import Synchronization
import TestSupport
import Testing
import TransitService

/// The signs of life of the relay's loops.
@Suite(.timeLimit(.minutes(1)))
struct PulseTests {
    /// What the loops have said, by name.
    private final class Pulses: Sendable {
        struct Counts: Equatable {
            var beats = 0
            var isRetired = false
        }

        let counts = Mutex<[String: Counts]>([:])

        func register(_ name: String) -> any LoopPulse {
            counts.withLock { $0[name] = Counts() }
            return Pulse(name: name, pulses: self)
        }

        var all: [String: Counts] { counts.withLock { $0 } }
    }

    private struct Pulse: LoopPulse {
        let name: String
        let pulses: Pulses

        func beat(late lateness: Duration) { pulses.counts.withLock { $0[name]?.beats += 1 } }
        func retire() { pulses.counts.withLock { $0[name]?.isRetired = true } }
    }

    @Test("every loop beats while the relay runs, also when nobody comes, and is watched no longer when it has ended")
    func everyLoop() async throws {
        let pulses = Pulses()
        let relay = try await TestRelay.start(webSocket: true, pulses: pulses.register)
        #expect(Set(pulses.all.keys) == ["relay-front", "relay-0", "relay-1", "relay-websocket"])
        try await eventually("two beats of every loop", isTrue: { pulses.all.values.allSatisfy { $0.beats >= 2 } })
        #expect(pulses.all.values.allSatisfy { !$0.isRetired })
        await relay.server.stop(drainTimeout: .zero)
        #expect(pulses.all.values.allSatisfy { $0.isRetired })
    }
}
