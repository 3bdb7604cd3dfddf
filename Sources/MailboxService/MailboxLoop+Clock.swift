import Admission
import LinuxIO
import MailboxRules
import NIOCore
import Observations
import WormholeWire

/// What happens by the clock.
extension MailboxLoop {
    func expire() {
        rotateSourceKey()
        addressIDs?.rotateIfDue(at: .now, uptime: Uptime(eventLoop.now), observing: source)
        let started = ContinuousClock.now
        rendezvous.expire(at: readClocks(), into: &effects)
        carryOutEffects()
        observe(.maintenanceFinished(.prune, succeeded: true, duration: ContinuousClock.now - started))
        expiryTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.expiryInterval)) {
            [unowned self] in expire()
        }
    }

    /// Waits for the first client whose time to bind is over, unless it does so already.
    func scheduleBindTimer() {
        guard bindTimer == nil, let deadline = rendezvous.nextBindDeadline else { return }
        bindTimer = eventLoop.assumeIsolated().scheduleTask(deadline: NIODeadline(deadline)) { [unowned self] in
            bindTimer = nil
            readClocks()
            rendezvous.endUnbound(into: &effects)
            carryOutEffects()
            scheduleBindTimer()
        }
    }

    /// The same after the limit was changed.
    func rescheduleBindTimer() {
        bindTimer?.cancel()
        bindTimer = nil
        scheduleBindTimer()
    }

    /// Tells the rules the uptime: that of the beginning of this turn, for which no clock is asked.
    ///
    /// - Returns: The time of the wall clock.
    @discardableResult
    func readClocks() -> Timestamp {
        rendezvous.uptime = Uptime(eventLoop.now)
        return .now
    }
}

extension Uptime {
    init(_ deadline: NIODeadline) {
        self.init(microseconds: Int64(deadline.uptimeNanoseconds / 1000))
    }
}

extension NIODeadline {
    fileprivate init(_ uptime: Uptime) {
        self = .uptimeNanoseconds(UInt64(max(0, uptime.microseconds)) * 1000)
    }
}
