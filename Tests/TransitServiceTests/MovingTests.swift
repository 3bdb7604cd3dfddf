import Observations
import TestSupport
import Testing
import TransitRules
import WormholeWire

@testable import TransitService

/// Pairs begin on the front's thread and go to a worker when they are more than small.
@Suite(.timeLimit(.minutes(1)))
struct MovingTests {
    private static let small = 64 << 10

    /// Where the only pair is: `p0` and `p1` are the workers.
    private static func place(of relay: TestRelay) async throws -> String {
        try #require(await relay.server.overview().first?.id.description.split(separator: "-").first.map(String.init))
    }

    private static func movesToWorker(_ relay: TestRelay) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try await place(of: relay) == "p2" {
            try #require(ContinuousClock.now < deadline, "it stays")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("a pair stays while it is small, goes to a worker when it is not, and is one pair all the time")
    func moves() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let forth = Pattern(seed: 81)
            let back = Pattern(seed: 82)
            try await first.send(forth, count: 1000)
            try await second.expect(forth, count: 1000)
            try await second.send(back, count: Self.small - 1001)
            try await first.expect(back, count: Self.small - 1001)
            #expect(try await Self.place(of: relay) == "p2")
            #expect(await relay.server.audit() == [])

            try await first.send(forth, count: 1, from: 1000)
            try await second.expect(forth, count: 1, from: 1000)
            try await Self.movesToWorker(relay)
            #expect(await relay.server.audit() == [])
            try await eventually(
                "the report of both owners",
                isTrue: {
                    relay.relayLevels.sessions == 1 && relay.relayLevels.incompleteBytes == UInt64(Self.small)
                }
            )

            async let sent: Void = second.send(back, count: 3 << 20, from: Self.small - 1001)
            try await first.expect(back, count: 3 << 20, from: Self.small - 1001)
            try await sent
            await first.close()
            #expect(try await second.rest() == "")
            #expect(try await relay.records(1).map(\.totalBytes) == [UInt64(Self.small + 3 << 20)])
            try await eventually("nothing under way", isTrue: { relay.relayLevels.sessions == 0 })
            #expect(relay.relayLevels.incompleteBytes == 0)
            #expect(relay.progressedBytes == UInt64(Self.small + 3 << 20))
            try await relay.isEmpty()
            #expect(await relay.server.audit() == [])
        }
    }

    @Test("what waits for a slow reader moves with its pair")
    func backpressure() async throws {
        try await TestRelay.run(sendBuffer: 4096) { relay in
            let (first, second) = try await relay.pair(receiveBuffer: 16384)
            let pattern = Pattern(seed: 83)
            let accepted = try await first.sendUntilBlocked(pattern)
            try await Self.movesToWorker(relay)
            try await eventually("a report of what is buffered", isTrue: { relay.relayLevels.bufferedBytes > 0 })
            #expect(relay.relayLevels.bufferedBytes <= 256 << 10)
            try await second.expect(pattern, count: accepted)
            try await eventually("empty buffers", isTrue: { relay.relayLevels.bufferedBytes == 0 })
        }
    }

    @Test("an end right behind the bytes is not lost on the way", arguments: [-1, 0, 1, 5000, 300_000])
    func end(beyond: Int) async throws {
        try await TestRelay.run { relay in
            for round in 0..<20 {
                let (first, second) = try await relay.pair()
                let pattern = Pattern(seed: UInt64(84 + round))
                async let arrived = second.expectToEnd(pattern)
                try await first.send(pattern, count: Self.small + beyond)
                await first.close()
                #expect(try await arrived == Self.small + beyond)
                await second.close()
            }
            let records = try await relay.records(20)
            #expect(records.allSatisfy { $0.totalBytes == UInt64(Self.small + beyond) && $0.mood == .happy })
            try await relay.isEmpty()
            #expect(SocketTable.connections(through: relay.port).isEmpty)
            #expect(await relay.server.audit() == [])
        }
    }

    @Test("a pair that is told to end while others move ends where it is")
    func endAll() async throws {
        try await TestRelay.run { relay in
            let (first, second) = try await relay.pair()
            let (third, fourth) = try await relay.pair()
            let pattern = Pattern(seed: 85)
            try await third.send(pattern, count: 1 << 20)
            try await fourth.expect(pattern, count: 1 << 20)
            relay.server.endAll()
            for client in [first, second, third, fourth] { #expect(try await client.rest() == "") }
            #expect(try await relay.records(2).allSatisfy { $0.session?.cause == .drain })
        }
    }

    @Test("while the relay stops, a pair that grows stays, for the workers are gone")
    func stopping() async throws {
        let relay = try await TestRelay.start()
        let (first, second) = try await relay.pair()
        async let stop: Void = relay.server.stop(drainTimeout: .seconds(30))
        try await eventually("only the front's thread", isTrue: { RelayThreads.all().count == 1 })
        let pattern = Pattern(seed: 86)
        async let sent: Void = first.send(pattern, count: 2 << 20)
        try await second.expect(pattern, count: 2 << 20)
        try await sent
        await first.close()
        #expect(try await second.rest() == "")
        await stop
        #expect(relay.records.map(\.totalBytes) == [2 << 20])
        #expect(relay.openConnections == 0)
    }

    @Test("the tags of the front and of its pairs do not meet")
    func tags() {
        func kind(_ bits: UInt64) -> String {
            switch FrontTag(bits) {
            case .orders: "orders"
            case .listener(let index): "listener \(index)"
            case .client(let id): "client \(id.index) \(id.generation)"
            case .pairs: "pairs"
            }
        }
        #expect(kind(FrontTag.orders.bits) == "orders")
        #expect(kind(FrontTag.listener(0).bits) == "listener 0")
        #expect(kind(FrontTag.listener(70_000).bits) == "listener 70000")
        #expect(kind(RelayTag.signal) == "pairs")
        for (index, generation) in [(0, 1), (5, 7), (0x1FFF_FFFF, UInt32.max)] as [(UInt32, UInt32)] {
            let id = SlotID(index: index, generation: generation)
            #expect(kind(FrontTag.client(id).bits) == "client \(index) \(generation)")
            for tag in [RelayTag(pair: id, side: .first), RelayTag(pair: id, side: .second), RelayTag(departing: id)] {
                #expect(kind(tag.bits) == "pairs")
                let again = RelayTag(tag.bits)
                #expect(again.id == id && again.side == tag.side && again.isDeparting == tag.isDeparting)
            }
        }
    }
}
