import Admission
import TestSupport
import Testing
import TransitRules
import WormholeWire

@Suite
struct PairingTableTests {
    private static func id(_ index: UInt32) -> SlotID { SlotID(index: index, generation: 1) }

    @Test("the newest of a side is the partner, the others are redundant, and the token is free again")
    func newest() {
        var table = PairingTable()
        for index in 0..<3 as Range<UInt32> {
            #expect(table.arrive(Self.id(index), with: Line.handshake("a", "1")) == .nobody)
        }
        #expect(table.connectionCount == 3)
        #expect(table.tokenCount == 1)
        let match = table.arrive(Self.id(3), with: Line.handshake("a", "2"))
        #expect(match == .partner(Self.id(2), redundant: [Self.id(1), Self.id(0)]))
        #expect(table.connectionCount == 0)
        #expect(table.tokenCount == 0)
        #expect(table.arrive(Self.id(4), with: Line.handshake("a", "1")) == .nobody)
    }

    @Test("leaving, wherever one stands in the line, leaves the others in order", arguments: 0..<3 as Range<UInt32>)
    func leaving(leaver: UInt32) {
        var table = PairingTable()
        for index in 0..<3 as Range<UInt32> { _ = table.arrive(Self.id(index), with: Line.handshake("a", "1")) }
        table.leave(Self.id(leaver))
        #expect(table.brokenInvariant == nil)
        let rest = [2, 1, 0].filter { $0 != leaver }.map(Self.id)
        #expect(table.arrive(Self.id(9), with: Line.handshake("a", nil)) == .partner(rest[0], redundant: [rest[1]]))
    }

    @Test("random comings and goings keep the table whole", arguments: 0..<50 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = PairingTable()
        var waiting: [SlotID: TransitHandshake] = [:]
        var order: [SlotID] = []
        var next: UInt32 = 0
        for step in 0..<400 {
            if Int.random(in: 0...2, using: &random) > 0 || waiting.isEmpty {
                let id = SlotID(index: next % 40, generation: next / 40 * 2 + 1)
                next += 1
                guard !waiting.keys.contains(where: { $0.index == id.index }) else { continue }
                let token = Character(Unicode.Scalar(UInt8.random(in: 97...99, using: &random)))
                let side = [nil, "1", "2", "3"].randomElement(using: &random).flatMap { $0.map(Character.init) }
                let handshake = Line.handshake(token, side)
                switch table.arrive(id, with: handshake) {
                case .crowded:
                    Issue.record("crowded without a limit, seed \(seed)")
                case .nobody:
                    for other in waiting.values where other.token == handshake.token {
                        #expect(other.side == handshake.side && other.side != nil, "seed \(seed), step \(step)")
                    }
                    waiting[id] = handshake
                    order.append(id)
                case .partner(let partner, let redundant):
                    let same = order.filter { waiting[$0]?.token == handshake.token }
                    #expect(same.last == partner, "seed \(seed), step \(step)")
                    #expect(Array(same.dropLast().reversed()) == redundant, "seed \(seed), step \(step)")
                    let side = waiting[partner]?.side
                    #expect(side == nil || side != handshake.side, "seed \(seed), step \(step)")
                    for gone in same { waiting[gone] = nil }
                    order.removeAll { same.contains($0) }
                }
            } else if let leaver = order.randomElement(using: &random) {
                table.leave(leaver)
                waiting[leaver] = nil
                order.removeAll { $0 == leaver }
            }
            #expect(table.brokenInvariant == nil, "seed \(seed), step \(step)")
            #expect(table.connectionCount == waiting.count, "seed \(seed), step \(step)")
            #expect(table.tokenCount == Set(waiting.values.map(\.token)).count, "seed \(seed), step \(step)")
        }
    }

    @Test("so many of one source wait with one token; leaving, or finding a partner, makes room")
    func crowd() {
        var table = PairingTable(waitingPerSource: 2)
        let ids = (0..<8 as Range<UInt32>).map { SlotID(index: $0, generation: 1) }
        let home = SourceID(hash: 1)
        #expect(table.arrive(ids[0], with: Line.handshake("a", "1"), from: home) == .nobody)
        #expect(table.arrive(ids[1], with: Line.handshake("a", "1"), from: home) == .nobody)
        #expect(table.arrive(ids[2], with: Line.handshake("a", "1"), from: home) == .crowded)
        #expect(table.brokenInvariant == nil && table.connectionCount == 2)
        #expect(table.arrive(ids[2], with: Line.handshake("b", "1"), from: home) == .nobody)
        #expect(table.arrive(ids[3], with: Line.handshake("a", "1"), from: SourceID(hash: 2)) == .nobody)
        #expect(table.arrive(ids[4], with: Line.handshake("a", "1"), from: nil) == .nobody)
        table.leave(ids[0])
        #expect(table.arrive(ids[0], with: Line.handshake("a", "1"), from: home) == .nobody)
        #expect(table.brokenInvariant == nil)
        #expect(
            table.arrive(ids[5], with: Line.handshake("a", "2"), from: home)
                == .partner(ids[0], redundant: [ids[4], ids[3], ids[1]])
        )
        #expect(table.arrive(ids[0], with: Line.handshake("a", "1"), from: home) == .nobody)
        #expect(table.arrive(ids[1], with: Line.handshake("a", "1"), from: home) == .nobody)
        #expect(table.brokenInvariant == nil)
    }
}
