import Observations
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Rates. Only lower bounds of time are exact: bytes beyond the burst cannot be there sooner.
@Suite(.timeLimit(.minutes(1)))
struct RateTests {
    private static func expectThrottled(_ relay: TestRelay, by limit: Limit) async throws {
        #expect(relay.observations.contains(.limitHit(limit)))
        try await eventually("the time of waiting") {
            let isReported = relay.observations.contains {
                if case .transitThrottled(limit, let duration) = $0 { duration > .zero } else { false }
            }
            return isReported ? () : nil
        }
    }

    @Test("a pair has its burst, then its rate, and loses nothing at its end", arguments: [128, 0])
    func session(pipes: Int) async throws {
        try await TestRelay.run(configure: {
            $0.sessionRate = 4 << 20
            $0.pipes = pipes
        }) { relay in
            let (first, second) = try await relay.pair()
            let pattern = Pattern(seed: 61)
            let start = ContinuousClock.now
            async let arrived = second.expectToEnd(pattern)
            try await first.send(pattern, count: 12 << 20)
            await first.close()
            #expect(try await arrived == 12 << 20)
            #expect(ContinuousClock.now - start > .milliseconds(900))
            #expect(try await relay.records(1).map(\.totalBytes) == [12 << 20])
            try await Self.expectThrottled(relay, by: .transitSessionRate)
        }
    }

    @Test("both ways of a pair share its rate, and neither waits for the other to be done")
    func bothWays() async throws {
        try await TestRelay.run(configure: { $0.sessionRate = 4 << 20 }) { relay in
            let (first, second) = try await relay.pair()
            let forth = Pattern(seed: 62)
            let back = Pattern(seed: 63)
            func read(_ client: WebSocketTestSocket, _ pattern: Pattern) async throws -> ContinuousClock.Instant {
                try await client.expect(pattern, count: 2 << 20)
                return .now
            }
            // The burst is for whoever comes first, and gone after this.
            async let burst: Void = first.send(forth, count: 8 << 20)
            try await second.expect(forth, count: 8 << 20)
            try await burst
            let start = ContinuousClock.now
            async let sentForth: Void = first.send(forth, count: 2 << 20)
            async let sentBack: Void = second.send(back, count: 2 << 20)
            async let readForth = read(second, forth)
            async let readBack = read(first, back)
            let times = try await [readForth, readBack].map { $0 - start }
            _ = try await (sentForth, sentBack)
            #expect(times.max() ?? .zero > .milliseconds(700))
            #expect((times.min() ?? .zero) / (times.max() ?? .zero) > 0.5)
        }
    }

    @Test("all pairs share the rate of all equally, whoever owns them")
    func global() async throws {
        try await TestRelay.run(configure: { $0.globalRate = 4 << 20 }) { relay in
            let (greedy, reader) = try await relay.pair()
            let pattern = Pattern(seed: 64)
            // The burst is gone after this.
            async let burst: Void = greedy.send(pattern, count: 8 << 20)
            try await reader.expect(pattern, count: 8 << 20)
            try await burst
            let start = ContinuousClock.now
            let times = try await withThrowingTaskGroup(of: Duration.self) { group in
                for _ in 0..<3 {
                    let (first, second) = try await relay.pair()
                    group.addTask {
                        async let sent: Void = first.send(pattern, count: 2 << 20)
                        try await second.expect(pattern, count: 2 << 20)
                        try await sent
                        return ContinuousClock.now - start
                    }
                }
                return try await group.reduce(into: [Duration]()) { $0.append($1) }
            }
            #expect(times.max() ?? .zero > .milliseconds(1200))
            #expect((times.min() ?? .zero) / (times.max() ?? .zero) > 0.5)
            try await Self.expectThrottled(relay, by: .transitGlobalRate)
        }
    }

    @Test("a WebSocket client's pair keeps to a rate, too, either way", arguments: [true, false])
    func webSocket(fromSocket: Bool) async throws {
        try await TestRelay.run(webSocket: true, configure: { $0.sessionRate = 1 << 20 }) { relay in
            let (client, socket) = try await relay.mixedPair(webSocketWaits: true)
            let pattern = Pattern(seed: 65)
            let start = ContinuousClock.now
            if fromSocket {
                async let sent: Void = socket.send(pattern, count: 3 << 20)
                var received = 0
                while received < 3 << 20 {
                    let bytes = try await client.nextBinary()
                    #expect(pattern.matches(bytes, at: received))
                    received += bytes.count
                }
                try await sent
            } else {
                async let read: Void = socket.expect(pattern, count: 3 << 20)
                for offset in stride(from: 0, to: 3 << 20, by: 65536) {
                    try await client.send(binary: pattern.bytes(at: offset, count: 65536))
                }
                try await read
            }
            #expect(ContinuousClock.now - start > .milliseconds(800))
            try await Self.expectThrottled(relay, by: .transitSessionRate)
        }
    }

    @Test("while pairs sleep for the sake of a rate, their worker sleeps, too")
    func noBusyWaiting() async throws {
        // In a process of its own, where no other test's relay is.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run(configure: {
                $0.sessionRate = 64 << 10
                $0.workers = 1
            }) { relay in
                let (first, second) = try await relay.pair()
                _ = try await first.sendUntilBlocked(Pattern(seed: 66))
                let before = ThreadSwitches.ofThreads(named: "relay-0")
                try await Task.sleep(for: .seconds(1))
                let after = ThreadSwitches.ofThreads(named: "relay-0")
                // 16 portions of 4 KiB a second, and a report now and then.
                for (thread, count) in after { #expect(count - (before[thread] ?? 0) < 100, "\(thread)") }
                await first.close()
                await second.close()
            }
        }
    }
}
