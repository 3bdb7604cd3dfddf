import Admission
import TestSupport
import Testing

@Suite("Paces")
struct PaceTests {
    private let second: Int64 = 1_000_000_000

    @Test("after a rest a burst, then as often as time allows")
    func burst() {
        let pace = Pace(10, per: .seconds(1), burst: 5)
        var paidUntil: Int64 = 0
        var now = 100 * second
        for _ in 0..<5 { #expect(pace.take(&paidUntil, at: now) == true) }
        #expect(pace.take(&paidUntil, at: now) == false)
        #expect(pace.wait(paidUntil, at: now) == second / 10)
        now += second / 10
        #expect(pace.take(&paidUntil, at: now) == true)
        #expect(pace.take(&paidUntil, at: now) == false)
        now += 10 * second
        for _ in 0..<5 { #expect(pace.take(&paidUntil, at: now) == true) }
        #expect(pace.take(&paidUntil, at: now) == false)
    }

    @Test("over any time there are as many as the rate says, and one burst", arguments: 0..<20 as Range<UInt64>)
    func steady(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pace = Pace(20, per: .seconds(60), burst: 20)
        var (paidUntil, now, taken): (Int64, Int64, Int) = (0, 0, 0)
        while now < 600 * second {
            if pace.take(&paidUntil, at: now) { taken += 1 }
            now += .random(in: 0...second, using: &random)
        }
        #expect((200...220).contains(taken))
    }

    @Test("a clock that is set back keeps nobody waiting for it")
    func clockSetBack() {
        let pace = Pace(1, per: .seconds(1), burst: 2)
        var paidUntil: Int64 = 0
        #expect(pace.take(&paidUntil, at: 10_000 * second) == true)
        #expect(pace.take(&paidUntil, at: 1 * second) == true)
    }

    @Test("no pace is any pace")
    func unlimited() {
        var paidUntil: Int64 = 0
        let pace = Pace(0, per: .seconds(1), burst: 0)
        for _ in 0..<1000 { #expect(pace.take(&paidUntil, at: 1) == true) }
        #expect(pace == .unlimited)
    }

    @Test("every source has a pace of its own, and is forgotten when its past is paid for")
    func sources() {
        var paces = SourcePaces(Pace(1, per: .seconds(1), burst: 1))
        for number in 0..<5000 as Range<UInt64> { #expect(paces.take(SourceID(hash: number), at: second) == true) }
        #expect(paces.take(SourceID(hash: 3), at: second) == false)
        for number in 5000..<10_000 as Range<UInt64> {
            #expect(paces.take(SourceID(hash: number), at: 5 * second) == true)
        }
        #expect(paces.count <= 6000)
    }

    @Test("however many sources come, only so many are remembered, and the others are let through and counted")
    func bound() {
        var paces = SourcePaces(Pace(1, per: .seconds(60), burst: 1))
        let count = UInt64(SourcePaces.capacity)
        for number in 0..<count + 700 { #expect(paces.take(SourceID(hash: number), at: second) == true) }
        #expect(paces.count == SourcePaces.capacity)
        #expect(paces.evictions == 700)
        #expect(paces.take(SourceID(hash: 5), at: second) == false)
        #expect(paces.take(SourceID(hash: count + 5), at: 100 * second) == true)
        #expect(paces.count == 1 && paces.evictions == 700)
    }

    @Test("another pace holds from now on, and without one nobody is remembered")
    func change() {
        var paces = SourcePaces(Pace(1, per: .seconds(60), burst: 1))
        let source = SourceID(hash: 1)
        #expect(paces.take(source, at: second) == true)
        #expect(paces.take(source, at: second) == false)
        paces.change(Pace(600, per: .seconds(60), burst: 5))
        #expect(paces.take(source, at: second) == true)
        paces.change(.unlimited)
        for _ in 0..<100 { #expect(paces.take(source, at: second) == true) }
        #expect(paces.count == 0)
    }
}
