import Logging
import Observations
import Synchronization
import TestSupport
import Testing
import TransitService
import WormholeWire

/// Shutting down, and starting up.
@Suite(.timeLimit(.minutes(1)))
struct StoppingTests {
    @Test("101: at the end, a pair is happy, who waits lonely, who is silent empty, and all see an end")
    func everyone() async throws {
        let relay = try await TestRelay.start()
        let (first, second) = try await relay.pair()
        try await first.send("abc")
        _ = try await second.receive(exactly: 3)
        let waiting = try await relay.client(Handshake.legacy())
        let silent = try relay.connect()
        try await relay.waiting(1)
        try await eventually("four connections", isTrue: { relay.openConnections == 4 })
        await relay.server.stop(drainTimeout: .zero)
        for client in [first, second, waiting, silent] { #expect(try await client.rest() == "") }
        #expect(Set(relay.moods) == [.happy, .lonely, .empty])
        #expect(relay.records.count == 3)
        #expect(relay.records.first { $0.mood == .happy }?.totalBytes == 3)
        #expect(relay.records.first { $0.mood == .happy }?.session?.cause == .drain)
        #expect(relay.openConnections == 0)
        #expect(SocketTable.connections(through: relay.port).isEmpty)
        #expect(throws: WebSocketTestError.self) { try relay.connect() }
    }

    @Test("(D25) pairs may finish while the relay drains, and it does not wait longer than they need")
    func drain() async throws {
        let relay = try await TestRelay.start()
        let (first, second) = try await relay.pair()
        let stopped = Mutex(false)
        async let stop: Void = {
            await relay.server.stop(drainTimeout: .seconds(30))
            stopped.withLock { $0 = true }
        }()
        try await eventually("the listener is gone") { (try? relay.connect()) == nil ? () : nil }
        let pattern = Pattern(seed: 101)
        async let sent: Void = first.send(pattern, count: 4 << 20)
        try await second.expect(pattern, count: 4 << 20)
        try await sent
        #expect(stopped.withLock { $0 } == false)
        await first.close()
        #expect(try await second.rest() == "")
        await stop
        // The looks at whether the listener is gone were connections too.
        let happy = relay.records.filter { $0.mood == .happy }
        #expect(happy.map(\.totalBytes) == [4 << 20])
        #expect(happy.first?.session?.cause == .clientClose)
        #expect(relay.openConnections == 0)
    }

    @Test("a pair that stands still does not hold the end up")
    func stalledPair() async throws {
        let relay = try await TestRelay.start()
        let (first, second) = try await relay.pair(receiveBuffer: 16384)
        _ = try await first.sendUntilBlocked(Pattern(seed: 102))
        let start = ContinuousClock.now
        await relay.server.stop(drainTimeout: .milliseconds(100))
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(relay.moods == [.happy])
        #expect(relay.openConnections == 0)
        await first.close()
        await second.close()
    }

    @Test("stopping twice, or before anyone came, is no harm")
    func twice() async throws {
        let relay = try await TestRelay.start()
        await relay.server.stop(drainTimeout: .seconds(5))
        await relay.server.stop(drainTimeout: .seconds(5))
        #expect(relay.records.isEmpty)
    }

    @Test("124, 125 (D24): each listener is announced with its real port; clients are not mentioned, whatever they do")
    func logging() async throws {
        let lines = LogLines()
        let relay = try await TestRelay.start(webSocket: true, logger: lines.logger)
        #expect(lines.all == ["Transit starting on \(relay.port)", "Transit starting on \(relay.webSocketPort)"])
        let bad = try await relay.client("bad\n")
        #expect(try await bad.rest() == "bad handshake\n")
        let reset = try await relay.client(Handshake.legacy())
        try await relay.waiting(1)
        await reset.reset()
        let text = try await relay.webSocketClient()
        try await text.send(text: "hello")
        #expect(try await text.next().closeCode == 1003)
        _ = try await relay.records(3)
        await relay.server.stop(drainTimeout: .zero)
        #expect(lines.all.count == 2)
    }

    @Test("an idle relay wakes for its pulse alone: about once a second")
    func idle() async throws {
        // In a process of its own, where no other test's relay is.
        await #expect(processExitsWith: .success) {
            try await TestRelay.run { relay in
                let (first, second) = try await relay.pair()
                try await first.send("x")
                _ = try await second.receive(exactly: 1)
                let waiting = try await relay.client(Handshake.legacy())
                try await relay.waiting(1)
                try await eventually("the tick's report", isTrue: { relay.relayLevels.incompleteBytes == 1 })
                let before = ThreadSwitches.ofThreads(named: "relay-")
                try await Task.sleep(for: .seconds(2))
                let after = ThreadSwitches.ofThreads(named: "relay-")
                #expect(before.count == 3)
                for (thread, count) in after { #expect(count - (before[thread] ?? 0) <= 3, "\(thread)") }
                await waiting.close()
                await second.close()
            }
        }
    }
}
