internal import Observations
internal import TransitRules

/// What a pair may still move before it has to ask again.
struct Allotment {
    /// Bytes; `Int.max` where there is no rate.
    private(set) var bytes: Int
    /// The pair's own bucket.
    var bucket = Instant(nanoseconds: 0)
    private(set) var wait: Wait?
    /// Which of the two goes first, so that one with much to say leaves the other its half.
    private(set) var first = PairSide.first
    private var hasWaited = false

    struct Wait {
        let since: Instant
        let limit: Limit
    }

    init(isLimited: Bool) {
        bytes = isLimited ? 0 : .max
    }

    @inline(__always)
    mutating func spend(_ count: Int) {
        if bytes != .max { bytes -= count }
    }

    /// The next portion may flow.
    mutating func refill(_ portion: Int) {
        bytes = portion
        wait = nil
        first = first.other
    }

    /// - Returns: Whether it is the first time.
    mutating func beginWaiting(_ limit: Limit, at now: Instant) -> Bool {
        wait = Wait(since: now, limit: limit)
        defer { hasWaited = true }
        return !hasWaited
    }
}

/// A pair that sleeps until its next portion may flow. It may end in its sleep.
struct Sleeper: Comparable {
    let until: Instant
    let id: SlotID

    static func < (left: Self, right: Self) -> Bool { left.until < right.until }
}
