import Testing
import TransitRules

@Suite
struct RateLimitTests {
    private static let start = Instant(nanoseconds: 5_000_000_000)

    /// Somebody who takes a portion, waits until it may flow, and takes the next.
    private struct Taker {
        var wakes = RateLimitTests.start
        var moved = 0
    }

    /// Has takers share one bucket for so many seconds.
    ///
    /// - Parameter isEmpty: Whether somebody has had the burst already.
    private static func share(
        _ limit: RateLimit,
        takers portions: [Int],
        seconds: Int,
        isEmpty: Bool = false
    ) -> [Int] {
        var bucket = isEmpty ? start + RateLimit.burst : Instant(nanoseconds: 0)
        var takers = portions.map { _ in Taker() }
        let end = start + .seconds(seconds)
        while let index = takers.indices.min(by: { takers[$0].wakes < takers[$1].wakes }), takers[index].wakes < end {
            let now = takers[index].wakes
            let from = limit.take(portions[index], from: &bucket, at: now)
            guard from < end else {
                takers[index].wakes = end
                continue
            }
            takers[index].moved += portions[index]
            // One that takes little does so a hundred times a second; the others as often as they may.
            takers[index].wakes = max(from, now + (portions[index] < limit.portion ? .milliseconds(10) : .zero))
        }
        return takers.map(\.moved)
    }

    @Test("twice the rate at once, then the rate", arguments: [1, 4000, 1_000_000, 1_000_000_000])
    func rate(bytesPerSecond: Int) throws {
        let limit = try #require(RateLimit(bytesPerSecond: bytesPerSecond))
        let moved = Self.share(limit, takers: [limit.portion], seconds: 10)[0]
        #expect(moved <= 12 * bytesPerSecond + limit.portion)
        #expect(moved >= 12 * bytesPerSecond - 2 * limit.portion - bytesPerSecond / 100)
    }

    @Test("after a rest, no more than twice the rate at once")
    func rest() throws {
        let limit = try #require(RateLimit(bytesPerSecond: 1000))
        var bucket = Instant(nanoseconds: 0)
        #expect(limit.take(2000, from: &bucket, at: Self.start) < Self.start)
        #expect(limit.take(1000, from: &bucket, at: Self.start) == Self.start)
        #expect(limit.take(1000, from: &bucket, at: Self.start) == Self.start + .seconds(1))
        let later = Self.start + .seconds(1000)
        #expect(limit.take(2000, from: &bucket, at: later) < later)
        #expect(limit.take(1000, from: &bucket, at: later) == later)
        #expect(limit.take(1, from: &bucket, at: later) == later + .seconds(1))
    }

    @Test("those who share a rate get equal shares, and what one leaves is the others'")
    func shares() throws {
        let limit = try #require(RateLimit(bytesPerSecond: 10_000_000))
        let equal = Self.share(
            limit,
            takers: [limit.portion, limit.portion, limit.portion],
            seconds: 60,
            isEmpty: true
        )
        for moved in equal { #expect(abs(moved - 600_000_000 / 3) < 2_000_000) }
        let uneven = Self.share(limit, takers: [limit.portion, limit.portion, 100], seconds: 60, isEmpty: true)
        #expect(uneven[2] > 0)
        #expect(abs(uneven[0] - uneven[1]) < 2_000_000)
        #expect(abs(uneven.reduce(0, +) - 600_000_000) < 2_000_000)
    }

    @Test("zero stands for no rate, and a portion is at most a second's worth")
    func portions() throws {
        #expect(RateLimit(bytesPerSecond: 0) == nil)
        for rate in [1, 100, 5000, 1 << 20, 1 << 40] {
            let portion = try #require(RateLimit(bytesPerSecond: rate)).portion
            #expect((1...rate).contains(portion) && portion <= 256 << 10)
        }
    }
}
