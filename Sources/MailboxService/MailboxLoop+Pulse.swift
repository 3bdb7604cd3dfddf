import NIOCore
import Observations

/// The loop's sign of life.
extension MailboxLoop {
    private static let pulseInterval = TimeAmount.seconds(1)

    func schedulePulse() {
        let planned = NIODeadline.now() + Self.pulseInterval
        pulseTimer = eventLoop.assumeIsolated().scheduleTask(deadline: planned) { [unowned self] in
            pulse.beat(late: Duration(NIODeadline.now() - planned))
            lookAtSources()
            if !areLevelsReported { scheduleTurnEnd() }
            schedulePulse()
        }
    }

    func endPulse() {
        pulseTimer?.cancel()
        pulse.retire()
    }
}
