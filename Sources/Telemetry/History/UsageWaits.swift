/// Whose waiting time: of nameplates for the second person, or of relay connections for their partner.
package enum UsageWait: String, CaseIterable, Sendable {
    case nameplate, transit

    var table: DetailTable {
        switch self {
        case .nameplate: .nameplates
        case .transit: .transfers
        }
    }

    /// The histogram of some totals.
    func buckets(in totals: UsageTotals) -> WaitBuckets {
        WaitBuckets(
            counts: UsageCounts.waitBounds.map { totals["\(rawValue)_wait_le_\($0)"] },
            above: totals["\(rawValue)_wait_le_inf"]
        )
    }
}

/// How long first sides waited.
package struct UsageWaits: Equatable, Sendable {
    /// The shares of waits that ``median`` and ``ninetieth`` are not below of.
    static let shares = [0.5, 0.9]

    /// How many there were; 0 says that the times below mean nothing.
    package let count: Int
    /// Half of them were as long at most, in seconds.
    package let median: Double
    /// Nine tenths of them were as long at most, in seconds.
    package let ninetieth: Double
    /// Taken from the rows; otherwise estimated from the histogram that stays when rows are deleted.
    package let isExact: Bool

    init(_ buckets: WaitBuckets, exact: [Double]?) {
        let values = exact ?? Self.shares.map(buckets.estimate)
        count = buckets.count
        median = values[0]
        ninetieth = values[1]
        isExact = exact != nil
    }

    /// Which of so many sorted values a share of them does not exceed, from 0.
    static func place(of share: Double, among count: Int) -> Int {
        min(max(0, Int((share * Double(count)).rounded(.up)) - 1), count - 1)
    }
}

/// A histogram of waiting times, with the bounds of ``UsageCounts/waitBounds``.
struct WaitBuckets: Equatable {
    let counts: [Int]
    let above: Int

    var count: Int { counts.reduce(above, +) }

    /// The time that a share of the waits does not exceed, as if they were spread evenly inside each bucket; the last bound
    /// for what is above it; 0 without any.
    func estimate(_ share: Double) -> Double {
        guard count > 0 else { return 0 }
        var rest = share * Double(count)
        var lower = 0.0
        for (bound, number) in zip(UsageCounts.waitBounds, counts) {
            if rest <= Double(number), number > 0 { return lower + (Double(bound) - lower) * rest / Double(number) }
            rest -= Double(number)
            lower = Double(bound)
        }
        return lower
    }
}
