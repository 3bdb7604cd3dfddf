/// Holds every source to a pace of its own.
///
/// Remembers a source for as long as its past is not paid for, and no longer.
package struct SourcePaces: Sendable {
    /// Sources that are remembered at a time. Further ones are not held to the pace.
    package static let capacity = ArrivalRates.capacity
    /// Fewer are not worth looking through.
    private static let leastSweep = 1024
    /// Between two looks for those that need not be remembered, in nanoseconds: looking costs as much as there are.
    private static let sweepPause: Int64 = 1_000_000_000

    private var pace: Pace
    private var paidUntil: [SourceID: Int64] = [:]
    /// How many may be remembered before those that need not be are looked for.
    private var sweepAt = leastSweep
    private var lastSweep: Int64?
    /// Times at which a source could not be remembered because there were too many.
    package private(set) var evictions = 0

    package init(_ pace: Pace) {
        self.pace = pace
    }

    /// Holds everybody to another pace from now on.
    package mutating func change(_ pace: Pace) {
        self.pace = pace
        if pace.isUnlimited { paidUntil = [:] }
    }

    /// One more time for a source, if it may be.
    ///
    /// - Parameter now: The clock, in nanoseconds.
    package mutating func take(_ source: SourceID, at now: Int64) -> Bool {
        guard !pace.isUnlimited else { return true }
        if paidUntil.count >= sweepAt { sweep(at: now) }
        guard paidUntil.count < Self.capacity || paidUntil[source] != nil else {
            evictions += 1
            return true
        }
        return pace.take(&paidUntil[source, default: 0], at: now)
    }

    /// How many sources are remembered.
    package var count: Int { paidUntil.count }

    private mutating func sweep(at now: Int64) {
        // A clock that people set may go back.
        if let lastSweep, lastSweep <= now, now - lastSweep < Self.sweepPause { return }
        lastSweep = now
        paidUntil = paidUntil.filter { $0.value > now }
        sweepAt = min(Self.capacity, max(Self.leastSweep, 2 * paidUntil.count))
    }
}
