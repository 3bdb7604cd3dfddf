/// Holds every source to a pace of its own.
///
/// Remembers a source for as long as its past is not paid for, and no longer.
package struct SourcePaces: Sendable {
    private let pace: Pace
    private var paidUntil: [SourceID: Int64] = [:]
    /// How many may be remembered before those that need not be are looked for.
    private var sweepAt = 1024

    package init(_ pace: Pace) {
        self.pace = pace
    }

    /// One more time for a source, if it may be.
    ///
    /// - Parameter now: The clock, in nanoseconds.
    package mutating func take(_ source: SourceID, at now: Int64) -> Bool {
        guard !pace.isUnlimited else { return true }
        if paidUntil.count >= sweepAt {
            paidUntil = paidUntil.filter { $0.value > now }
            sweepAt = max(1024, 2 * paidUntil.count)
        }
        return pace.take(&paidUntil[source, default: 0], at: now)
    }

    /// How many sources are remembered.
    package var count: Int { paidUntil.count }
}
