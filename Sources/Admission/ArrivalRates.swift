package import Observations

/// How fast connections may come, of all and of one source, with a burst after a rest.
///
/// A bucket of tokens for all, and one for each source that has come lately, each kept as the time at which it will be full
/// again. A bucket that is full says nothing and is forgotten, so there is one for each source of the last seconds at most.
package struct ArrivalRates: ~Copyable {
    /// Sources that are counted at a time. Further ones are only held to the rate of all.
    package static let capacity = 65_536
    /// Between two looks for buckets to forget, while the table is full: looking costs as much as the table is large.
    private static let sweepPause: Int64 = 1_000_000_000

    /// So many a second, and as many as fit a time at once.
    private struct Rate {
        /// From one to the next, in nanoseconds; so are all times here, of a clock that only goes forward.
        let interval: Int64
        let burst: Int64

        /// - Returns: `nil` for zero, which stands for any number.
        init?(perSecond: Int, burst: Int64) {
            guard perSecond > 0 else { return nil }
            interval = max(1, 1_000_000_000 / Int64(perSecond))
            self.burst = burst
        }

        /// When the bucket would be full again, if one more came; `nil` when it has none left.
        func taking(from full: Int64, at now: Int64) -> Int64? {
            let after = max(full, now) + interval
            return after - now <= burst ? after : nil
        }
    }

    private var all: Rate?
    private var perSource: Rate?
    private var full = Int64(0)
    private var fullBySource: [SourceID: Int64] = [:]
    private var nextSweep = Int64.min
    /// Connections of sources that could not be counted because there were too many.
    package private(set) var evictions = 0

    package init(limits: AdmissionLimits) {
        change(limits)
    }

    /// Holds everybody to other rates from now on. What was taken out of a bucket stays taken.
    package mutating func change(_ limits: AdmissionLimits) {
        all = Rate(perSecond: limits.connectionRate, burst: 2_000_000_000)
        perSource = Rate(perSecond: limits.connectionRatePerSource, burst: 6_000_000_000)
        if perSource == nil { fullBySource = [:] }
    }

    /// A connection has come. One that is refused takes nothing out of a bucket.
    ///
    /// - Parameter source: `nil` for one that only the rate of all applies to.
    /// - Returns: Why it may not be let in; `nil` when it may.
    package mutating func admit(_ source: SourceID?, at now: Int64) -> RejectionReason? {
        var after: (all: Int64?, source: Int64?)
        if let all {
            guard let next = all.taking(from: full, at: now) else { return .acceptRate }
            after.all = next
        }
        if let source, let perSource {
            let before = fullBySource[source] ?? now
            guard let next = perSource.taking(from: before, at: now) else { return .sourceRate }
            after.source = next
        }
        if let next = after.all { full = next }
        if let source, let next = after.source {
            if makesRoom(for: source, at: now) { fullBySource[source] = next } else { evictions += 1 }
        }
        return nil
    }

    /// Sources that are counted now.
    package var sourceCount: Int { fullBySource.count }

    private mutating func makesRoom(for source: SourceID, at now: Int64) -> Bool {
        if fullBySource.count < Self.capacity || fullBySource[source] != nil { return true }
        guard nextSweep <= now else { return false }
        nextSweep = now + Self.sweepPause
        fullBySource = fullBySource.filter { $0.value > now }
        return fullBySource.count < Self.capacity
    }
}
