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
        addressIDs?.rotateIfDue(at: .now, observing: source)
        let started = ContinuousClock.now
        rendezvous.expire(at: .now, into: &effects)
        carryOutEffects()
        observe(.maintenanceFinished(.prune, succeeded: true, duration: ContinuousClock.now - started))
        expiryTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.expiryInterval)) {
            [unowned self] in expire()
        }
    }

    func scheduleBindTimer() {
        guard bindTimer == nil, let deadline = rendezvous.nextBindDeadline else { return }
        let delay = max(.zero, deadline - .now)
        bindTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay) + .milliseconds(1)) {
            [unowned self] in
            bindTimer = nil
            rendezvous.endUnbound(at: .now, into: &effects)
            carryOutEffects()
            scheduleBindTimer()
        }
    }
}
