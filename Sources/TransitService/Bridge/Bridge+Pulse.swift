internal import NIOCore
internal import Observations
internal import TransitRules

/// The event loop's sign of life.
extension Bridge {
    func schedulePulse() {
        pulseTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(PulseTimer.interval)) { [unowned self] in
            pulse.turn(at: .current)
            schedulePulse()
        }
    }

    func endPulse() {
        pulseTimer?.cancel()
        pulse.end()
    }
}
