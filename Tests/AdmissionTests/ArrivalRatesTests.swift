import Admission
import Observations
import TestSupport
import Testing

@Suite
struct ArrivalRatesTests {
    private static func rates(all: Int = 0, perSource: Int = 0) -> ArrivalRates {
        var limits = AdmissionLimits()
        limits.connectionRate = all
        limits.connectionRatePerSource = perSource
        return ArrivalRates(limits: limits)
    }

    private static func time(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }
    private let home = SourceID(hash: 1)
    private let school = SourceID(hash: 2)

    @Test("of all, twice as many as a second's at once, then so many a second", arguments: [1, 7, 500, 1_000_000_000])
    func all(perSecond: Int) {
        var rates = Self.rates(all: perSecond)
        let burst = min(2 * perSecond, 20_000)
        for _ in 0..<burst { #expect(rates.admit(nil, at: Self.time(5)) == nil) }
        guard perSecond <= 10_000 else { return }
        #expect(rates.admit(nil, at: Self.time(5)) == .acceptRate)
        #expect(rates.admit(home, at: Self.time(5)) == .acceptRate)
        // Whoever was refused has not made it worse.
        for _ in 0..<perSecond { #expect(rates.admit(nil, at: Self.time(6)) == nil) }
        #expect(rates.admit(nil, at: Self.time(6)) == .acceptRate)
    }

    @Test("of one source, six times as many as a second's at once, and another is not concerned")
    func perSource() {
        var rates = Self.rates(perSource: 10)
        for _ in 0..<60 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        #expect(rates.admit(home, at: Self.time(1)) == .sourceRate)
        #expect(rates.admit(school, at: Self.time(1)) == nil)
        for _ in 0..<100 { #expect(rates.admit(nil, at: Self.time(1)) == nil) }
        #expect(rates.admit(home, at: Self.time(1.11)) == nil)
        #expect(rates.admit(home, at: Self.time(1.11)) == .sourceRate)
    }

    @Test("who is refused for its source takes nothing from the others")
    func independence() {
        var rates = Self.rates(all: 50, perSource: 1)
        for _ in 0..<6 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        for _ in 0..<1000 { #expect(rates.admit(home, at: Self.time(1)) == .sourceRate) }
        for _ in 0..<94 { #expect(rates.admit(nil, at: Self.time(1)) == nil) }
        #expect(rates.admit(nil, at: Self.time(1)) == .acceptRate)
    }

    @Test("zero stands for any number")
    func unlimited() {
        var rates = Self.rates()
        for _ in 0..<10_000 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        #expect(rates.sourceCount == 0)
    }

    @Test("other rates hold from now on, and what was taken stays taken")
    func change() {
        var rates = Self.rates(all: 1, perSource: 1)
        for _ in 0..<2 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        #expect(rates.admit(home, at: Self.time(1)) == .acceptRate)
        var limits = AdmissionLimits()
        limits.connectionRatePerSource = 10
        rates.change(limits)
        // Two seconds of the six that a source may take at once are gone.
        for _ in 0..<40 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        #expect(rates.admit(home, at: Self.time(1)) == .sourceRate)
        rates.change(AdmissionLimits())
        for _ in 0..<1000 { #expect(rates.admit(home, at: Self.time(1)) == nil) }
        #expect(rates.sourceCount == 0)
    }

    @Test("however many sources come, only so many are kept, and those that rest are forgotten")
    func bound() {
        var rates = Self.rates(perSource: 1)
        for number in 0..<UInt64(ArrivalRates.capacity + 5000) {
            #expect(rates.admit(SourceID(hash: number), at: Self.time(1)) == nil)
        }
        #expect(rates.sourceCount == ArrivalRates.capacity)
        #expect(rates.evictions == 5000, "those who could not be counted are told of")
        #expect(rates.admit(SourceID(hash: .max), at: Self.time(9)) == nil)
        #expect(rates.sourceCount == 1)
    }
}
