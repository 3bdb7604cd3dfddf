internal import Observations
internal import TransitRules

/// Says about once a second that a loop still turns.
struct PulseTimer {
    static let interval = Duration.seconds(1)

    private let pulse: any LoopPulse
    /// When the next beat is planned: the loop must not sleep for longer.
    private(set) var due: Instant

    init(_ pulse: any LoopPulse, at now: Instant) {
        self.pulse = pulse
        due = now + Self.interval
    }

    /// Beats, when it is time. Called in every turn.
    ///
    /// - Returns: Whether it was time.
    @discardableResult
    mutating func turn(at now: Instant) -> Bool {
        guard due <= now else { return false }
        pulse.beat(late: now - due)
        due = now + Self.interval
        return true
    }

    /// The loop has ended as it should.
    func end() {
        pulse.retire()
    }
}
