import LinuxIO
import TestSupport
import Testing
import TransitService

/// What relaying costs in system calls, which unlike time is the same on every machine.
@Suite(.timeLimit(.minutes(1)))
struct ThresholdTests {
    @Test("bulk takes few system calls for a megabyte")
    func bulk() async throws {
        // In a process of its own, where no other test's relay is.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                let pattern = Pattern(seed: 71)
                let megabytes = 64
                let before = try #require(SystemCallCount.total)
                async let sent: Void = first.send(pattern, count: megabytes << 20)
                try await second.expect(pattern, count: megabytes << 20)
                try await sent
                let calls = try #require(SystemCallCount.total) - before
                // 11 to 14 were measured; copies in pieces of 64 KiB would take 32 and the waits.
                #expect(calls <= 32 * megabytes, "\(calls) calls")
            }
        }
    }

    @Test("a small record takes a wait, a read and a write")
    func records() async throws {
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                let record = [UInt8](repeating: 7, count: 64)
                let rounds = 1000
                let before = try #require(SystemCallCount.total)
                for _ in 0..<rounds {
                    try await first.send(record)
                    _ = try await second.receive(exactly: 64)
                    try await second.send(record)
                    _ = try await first.receive(exactly: 64)
                }
                let calls = try #require(SystemCallCount.total) - before
                // The pulses of the loops and the reports of the tick come on top.
                #expect(calls <= 2 * rounds * 3 + 200, "\(calls) calls")
            }
        }
    }
}
