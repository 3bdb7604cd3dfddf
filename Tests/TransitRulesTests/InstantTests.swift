import Testing
import TransitRules

@Suite
struct InstantTests {
    @Test("a wait beyond the end of the clock ends with the clock")
    func farAway() {
        let late = Instant(nanoseconds: .max - 1)
        #expect(late + .seconds(1) == Instant(nanoseconds: .max))
        #expect(Instant(nanoseconds: 5) + .seconds(Int64.max) == Instant(nanoseconds: .max))
        #expect(Instant(nanoseconds: 5) + .nanoseconds(3) == Instant(nanoseconds: 8))
        #expect(Instant(nanoseconds: 8) - Instant(nanoseconds: 5) == .nanoseconds(3))
    }
}
