internal import TransitRules

/// How long a client whose pair is over is kept, so that what is on its way to it arrives.
///
/// Closing a socket now would make the kernel answer whatever the client still sends with a reset, and drop what is not yet
/// delivered. So the client is told the end, its input is thrown away, and it is closed when it has everything.
struct Departure {
    /// Input thrown away, at most. Beyond, it is left unread, and the client finds that it cannot send.
    static let discardLimit = 1 << 20

    private var discarded = 0
    private var unconfirmed = Int.max
    private var lastProgress: Instant

    init(at now: Instant) {
        lastProgress = now
    }

    var mayDiscard: Bool { discarded < Self.discardLimit }

    mutating func discarded(_ count: Int) {
        discarded += count
    }

    /// Looks after it, now and then.
    ///
    /// - Parameters:
    ///   - unconfirmed: Bytes sent that its kernel has not confirmed, the end among them.
    ///   - readable: Bytes it has sent that were not thrown away.
    /// - Returns: Whether it can be closed: it has everything, or has taken nothing for too long.
    mutating func isDone(unconfirmed: Int, readable: Int, at now: Instant, limits: RelayLimits) -> Bool {
        if unconfirmed < self.unconfirmed {
            self.unconfirmed = unconfirmed
            lastProgress = now
        }
        if unconfirmed == 0 { return readable == 0 || lastProgress + limits.departure <= now }
        return limits.stalledDrain > .zero && lastProgress + limits.stalledDrain <= now
    }
}
