import Telemetry
import Testing

@testable import Admin

@Suite("The last hour")
struct HourViewTests {
    /// A memory with a sample every ten seconds, of which sample `i` is made from `values(i)`.
    private func memory(_ count: Int, _ value: (Int) -> Double) -> HourMemory {
        let memory = HourMemory()
        for index in 0..<count {
            memory.take(HourQuantity.allCases.map { _ in value(index) }, at: 1000 + Double(index) * 10)
        }
        return memory
    }

    /// As seen when the newest of so many samples has just been taken.
    private func view(_ memory: HourMemory, _ count: Int, later: Double = 0) -> HourView {
        let time = Double(count - 1) * 10 + later
        return HourView(memory.samples, now: 1_700_000_000 + time, monotonic: 1000 + time)
    }

    @Test("before the first sample nothing is known")
    func none() {
        let view = view(HourMemory(), 1)
        #expect(view.charts.filter { !$0.isEmpty }.isEmpty)
        #expect(view.span.length == 600)
        #expect(LatencyReport([]).rows.isEmpty)
    }

    @Test("one sample has levels, but no rates")
    func one() {
        let view = view(memory(1) { _ in 7 }, 1)
        #expect(view.values(.activeTransfers).compactMap { $0 } == [7])
        #expect(view.values(.relayedBytes).allSatisfy { $0 == nil })
    }

    @Test("an hour is remembered and no more, whatever its samples")
    func ring() throws {
        let memory = memory(1000) { Double($0) * 5 }
        #expect(memory.samples.count == 361)
        #expect(memory.samples.first?.levels.first == 3195.0)
        let view = view(memory, 1000)
        #expect(view.span.length == 3600)
        let rates = view.values(.commands)
        #expect(rates.dropFirst().allSatisfy { $0 == 0.5 }, "\(rates)")
        #expect(view.values(.waitingTransfers).last == 999 * 5)
    }

    /// Two hours in which minute `m` has a level of `m` and a rate of `m` a second, sampled by a clock that is late each time.
    /// At every look a slot shows its own minute: none is lost, shifted or shown twice while the ring fills and goes round.
    @Test("over two hours, every slot shows what happened in it")
    func twoHours() {
        let memory = HourMemory()
        func minute(_ time: Double) -> Double { (time / 60).rounded(.down) }
        /// What a counter with these rates has counted by a time.
        func count(_ time: Double) -> Double {
            let whole = minute(time)
            return 60 * whole * (whole - 1) / 2 + whole * (time - 60 * whole)
        }
        var time = 0.0
        var (looks, spans) = (0, Set<Int>())
        while time < 7200 {
            memory.take(HourQuantity.allCases.map { $0.isCounter ? count(time) : minute(time) }, at: 5000 + time)
            #expect(memory.samples.count <= 361)
            let view = HourView(memory.samples, now: Self.midnight + time, monotonic: 5000 + time)
            let (levels, rates) = (view.values(.activeTransfers), view.values(.relayedBytes))
            for slot in 0..<HourView.slots {
                let start = Double(view.span.start(of: slot)) - Self.midnight
                let isKnown = start + Double(view.span.slotLength) > 0
                #expect((levels[slot] != nil) == isKnown, "\(slot) at \(time)")
                // A sample stands for the ten seconds before it, and for the slot behind it if that has none.
                if let level = levels[slot] { #expect((minute(start - 10)...minute(start)).contains(level), "\(time)") }
                if let rate = rates[slot] {
                    #expect((minute(start) - 1...minute(start) + 0.001).contains(rate), "\(slot) at \(time)")
                }
            }
            if time > 3600 { #expect(rates.allSatisfy { $0 != nil }) }
            #expect(levels.last == minute(time))
            spans.insert(view.span.length)
            time += 10.03
            looks += 1
        }
        #expect(looks > 700)
        #expect(spans == [600, 1200, 1800, 3600])
    }

    private static let midnight = 1_699_920_000.0

    @Test("after two hours the drawing has sixty points of the last hour, from edge to edge")
    func drawing() throws {
        let memory = memory(721) { Double($0) }
        let view = HourView(memory.samples, now: Self.midnight + 7199, monotonic: 1000 + 7200)
        let svg = try #require(view.charts.first { $0.id == "hour-transfers" }).svg.text
        let path = try #require(svg.firstMatch(of: /class="line s0" d="([^"]+)"/)).1
        let points = path.matches(of: /[ML]([0-9.]+) ([0-9.]+)/).map { (x: Double($0.1) ?? 0, y: Double($0.2) ?? 0) }
        #expect(points.count == 60 && !path.dropFirst().contains("M"), "\(path)")
        #expect(points.first?.x == 66.7 && points.last?.x == 385.3)
        #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x && $0.y > $1.y }, "it only grows")
        let labels = svg.matches(of: />(\d\d:\d\d)</).map { String($0.1) }
        #expect(labels == ["01:00", "01:10", "01:20", "01:30", "01:40", "01:50"])
        #expect(svg.contains("highest 720 at 01:59:00 UTC"))
    }

    @Test("a rate never falls below zero, and a level is the highest of its slot")
    func extremes() {
        let memory = memory(361) { $0 == 300 ? 50 : 3 }
        let view = view(memory, 361)
        #expect(view.values(.messages).compactMap { $0 }.allSatisfy { $0 >= 0 })
        #expect(view.values(.mailboxConnections).filter { $0 == 50 }.count == 1)
    }

    @Test("what was not looked at for long is a gap; a slot between two samples is none")
    func gaps() {
        let memory = HourMemory()
        for time in [1000.0, 1015, 1030, 1100, 1110] { memory.take(HourQuantity.allCases.map { _ in 1 }, at: time) }
        let values = HourView(memory.samples, now: 1_700_000_110, monotonic: 1110).values(.activeTransfers)
        #expect(values.suffix(12) == [1, 1, 1, 1, 1, nil, nil, nil, nil, nil, 1, 1])
    }

    @Test("latency is that of the hour, and what is beyond every bucket is said to be")
    func latency() {
        func sample(_ counts: [Double]) -> [Distribution] {
            LatencyReport.families.map { _ in Distribution(bounds: [0.1, 1], counts: counts) }
        }
        let memory = HourMemory()
        let none = HourQuantity.allCases.map { _ in 0.0 }
        memory.take(none, sample([100, 0, 0]), at: 1)
        #expect(LatencyReport(memory.samples).rows.first?.times == [nil, nil, nil])
        memory.take(none, sample([100, 98, 2]), at: 11)
        let row = LatencyReport(memory.samples).rows.first
        #expect(row?.count == 100)
        #expect(row?.times[0].map { $0 > 0.5 && $0 < 0.6 } == true)
        #expect(row?.times[2] == nil && row?.bound == 1)
    }
}
