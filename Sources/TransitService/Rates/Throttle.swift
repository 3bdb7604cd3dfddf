internal import Observations
internal import Synchronization
internal import TransitRules

/// The rates of the relay, for all owners of pairs. Asked once a portion, not once a chunk.
final class Throttle: Sendable {
    private let session: RateLimit?
    private let all: RateLimit?
    /// The bucket that all pairs share.
    private let shared = Mutex(Instant(nanoseconds: 0))
    /// How much a pair takes at a time.
    let portion: Int

    /// From when on bytes may flow, and which limit says so.
    struct Promise {
        let start: Instant
        let limit: Limit
    }

    /// - Returns: `nil` when there is no limit.
    init?(session: RateLimit?, all: RateLimit?) {
        guard let portion = [session?.portion, all?.portion].compactMap(\.self).min() else { return nil }
        self.session = session
        self.all = all
        self.portion = portion
    }

    /// Takes a pair's next bytes.
    ///
    /// - Parameter bucket: The pair's own.
    func take(_ bytes: Int, from bucket: inout Instant, at now: Instant) -> Promise {
        let own = session?.take(bytes, from: &bucket, at: now) ?? now
        let common = all.map { limit in shared.withLock { limit.take(bytes, from: &$0, at: now) } } ?? now
        return own >= common
            ? Promise(start: own, limit: .transitSessionRate)
            : Promise(start: common, limit: .transitGlobalRate)
    }
}

/// Time for which pairs waited for their next bytes, since the last report.
struct ThrottledTime {
    private var session = Duration.zero
    private var all = Duration.zero

    mutating func add(_ duration: Duration, _ limit: Limit) {
        if limit == .transitSessionRate { session += duration } else { all += duration }
    }

    mutating func report(to observations: ObservationSource) {
        if session > .zero { observations.append(.transitThrottled(.transitSessionRate, session)) }
        if all > .zero { observations.append(.transitThrottled(.transitGlobalRate, all)) }
        self = ThrottledTime()
    }
}
