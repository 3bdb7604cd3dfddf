import TestSupport
import TransitRules
import Testing

@Suite
struct SlotsTests {
    /// Counts how many of it there are.
    struct Item: ~Copyable, Scheduled {
        final class Census { var alive = 0 }
        let value: Int
        let census: Census
        var schedule = Schedule()

        init(_ value: Int, _ census: Census) {
            self.value = value
            self.census = census
            census.alive += 1
        }

        deinit { census.alive -= 1 }
    }

    @Test("names recognise their own, and never a successor in the same place", arguments: 0..<20 as Range<UInt64>)
    func walk(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let census = Item.Census()
        do {
            var slots = Slots<Item>(minimumCapacity: 2)
            var alive: [SlotID: Int] = [:]
            var dead: [SlotID] = []
            for value in 0..<500 {
                if Int.random(in: 0...2, using: &random) > 0 || alive.isEmpty {
                    let id = slots.insert(Item(value, census))
                    #expect(alive.updateValue(value, forKey: id) == nil)
                    #expect(id.generation & 1 == 1)
                    #expect(SlotID(tag: id.tag) == id)
                    #expect(id.tag >= 1 << 32)
                } else if let id = alive.keys.sorted(by: { $0.tag < $1.tag }).randomElement(using: &random) {
                    let item = slots.remove(at: id.index)
                    #expect(item.value == alive.removeValue(forKey: id))
                    dead.append(id)
                }
                #expect(slots.count == alive.count)
                #expect(census.alive == alive.count)
            }
            for (id, value) in alive {
                #expect(slots.contains(id) && slots.id(at: id.index) == id)
                #expect(slots[id.index].value == value)
            }
            for id in dead { #expect(slots.contains(id) == false) }
            #expect(Set(slots.indices) == Set(alive.keys.map(\.index)))
        }
        #expect(census.alive == 0)
    }

    @Test("those who wait are due in the order in which they began, or began anew", arguments: 0..<20 as Range<UInt64>)
    func deadlines(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let census = Item.Census()
        var slots = Slots<Item>()
        var list = DeadlineList(interval: .seconds(10))
        var order: [(index: UInt32, since: Int64)] = []
        var clock: Int64 = 0
        for value in 0..<300 {
            clock += Int64.random(in: 0...2, using: &random) * 1_000_000_000
            let now = Instant(nanoseconds: clock)
            switch Int.random(in: 0...3, using: &random) {
            case 0, 1:
                let id = slots.insert(Item(value, census))
                list.append(id.index, at: now, in: &slots)
                order.append((id.index, clock))
            case 2:
                guard let place = order.indices.randomElement(using: &random) else { continue }
                list.remove(order[place].index, in: &slots)
                _ = slots.remove(at: order[place].index)
                order.remove(at: place)
            default:
                guard let place = order.indices.randomElement(using: &random) else { continue }
                list.renew(order[place].index, at: now, in: &slots)
                order.append((order.remove(at: place).index, clock))
            }
            #expect(list.longestWaiting == order.first?.index)
            #expect(list.nextDeadline(in: slots)?.nanoseconds == order.first.map { $0.since + 10_000_000_000 })
            while let due = list.due(at: now, in: slots) {
                #expect(due == order.first?.index)
                list.remove(due, in: &slots)
                _ = slots.remove(at: due)
                order.removeFirst()
            }
            #expect(order.first.map { clock < $0.since + 10_000_000_000 } ?? true)
        }
    }
}
