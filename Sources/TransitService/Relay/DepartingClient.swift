internal import LinuxIO
internal import Observations
internal import TransitRules

/// A client whose pair is over and recorded, but which has not confirmed everything that was sent to it.
struct DepartingClient: ~Copyable, Scheduled {
    let end: RelayEnd
    let cause: CloseCause
    var schedule = Schedule()
    private var departure: Departure

    init(_ end: consuming RelayEnd, cause: CloseCause, at now: Instant) {
        self.cause = cause
        departure = Departure(at: now)
        self.end = end
    }

    /// Whether a client may be closed at once: it is gone, or has everything and sends nothing.
    static func isSettled(_ end: borrowing RelayEnd) -> Bool {
        if end.isBroken || end.hasEnded || end.kind.family == .unix { return true }
        return end.descriptor.unconfirmedBytes == 0 && end.descriptor.readableBytes == 0
    }

    /// Throws away what it sends.
    ///
    /// - Parameter hasFinished: Whether it has sent its end: there is only so much before that.
    /// - Returns: Whether it is gone, so that it can be closed.
    mutating func discardInput(hasFinished: Bool) -> Bool {
        while hasFinished || departure.mayDiscard {
            // A TCP socket: others are closed at once.
            switch end.descriptor.discard(upTo: RelaySupplies.copySize) {
            case .moved(let count): departure.discarded(count)
            case .wouldBlock: return false
            case .ended, .failed: return true
            }
        }
        return false
    }

    /// Looks after it, now and then.
    ///
    /// - Returns: Whether it can be closed.
    mutating func isDone(at now: Instant, limits: RelayLimits) -> Bool {
        departure.isDone(
            unconfirmed: end.descriptor.unconfirmedBytes,
            readable: end.descriptor.readableBytes,
            at: now,
            limits: limits
        )
    }
}
