internal import LinuxIO
internal import Observations
internal import TransitRules

/// A client whose pair is over and recorded, but which has not confirmed everything that was sent to it.
///
/// Closing its socket now would make the kernel answer whatever it still sends with a reset, and drop what is not yet
/// delivered. So it is told the end, its input is thrown away, and it is closed when it has everything.
struct DepartingClient: ~Copyable, Scheduled {
    /// Input thrown away, at most. Beyond, it is left unread, and the client finds that it cannot send.
    static let discardLimit = 1 << 20

    let descriptor: Descriptor
    let kind: ConnectionKind
    let accepted: Instant
    let cause: CloseCause
    var schedule = Schedule()
    private var discarded = 0
    private var unconfirmed = Int.max
    private var lastProgress: Instant

    init(_ end: consuming RelayEnd, cause: CloseCause, at now: Instant) {
        kind = end.kind
        accepted = end.accepted
        self.cause = cause
        lastProgress = now
        descriptor = end.takeDescriptor()
    }

    /// Whether a client may be closed at once: it is gone, or has everything and sends nothing.
    static func isSettled(_ end: borrowing RelayEnd) -> Bool {
        if end.isBroken || end.hasEnded || end.kind.family == .unix { return true }
        return end.descriptor.unconfirmedBytes == 0 && end.descriptor.readableBytes == 0
    }

    /// Throws away what it sends.
    ///
    /// - Returns: Whether it is gone, so that it can be closed.
    mutating func discardInput(through buffer: UnsafeMutableRawBufferPointer) -> Bool {
        while discarded < Self.discardLimit {
            switch descriptor.receive(into: buffer) {
            case .moved(let count): discarded += count
            case .wouldBlock: return false
            case .ended, .failed: return true
            }
        }
        return false
    }

    /// Looks after it, now and then.
    ///
    /// - Returns: Whether it can be closed: it has everything, or has taken nothing for too long.
    mutating func isDone(at now: Instant, timeouts: RelayTimeouts) -> Bool {
        let count = descriptor.unconfirmedBytes
        if count < unconfirmed {
            unconfirmed = count
            lastProgress = now
        }
        if count == 0 {
            return descriptor.readableBytes == 0 || lastProgress + timeouts.departure <= now
        }
        return timeouts.stalledDrain > .zero && lastProgress + timeouts.stalledDrain <= now
    }
}
