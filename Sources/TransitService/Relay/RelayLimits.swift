internal import TransitRules

/// What an owner of pairs bears with. A duration of zero stands for ever.
struct RelayLimits: Sendable {
    /// Without a byte either way.
    var idle: Duration
    /// An ending pair whose remaining bytes nobody takes.
    var stalledDrain: Duration
    /// From pairing to the end.
    var duration: Duration = .zero
    /// Payload of one pair, both ways together.
    var bytes = UInt64.max
    /// Between two looks at whether a departing client has confirmed everything.
    var departureCheck: Duration = .milliseconds(250)
    /// For a client that has everything and still sends, so that it sees the end and not a reset.
    var departure: Duration = .seconds(2)
    /// For pairs to end in order once the time for draining is over.
    var abort: Duration = .seconds(1)

    init(idle: Duration, stalledDrain: Duration) {
        self.idle = idle
        self.stalledDrain = stalledDrain
    }

    /// Between two looks at something that may last so long: late by a quarter at most, and by a second.
    static func pause(watching duration: Duration) -> Duration {
        min(max(duration / 4, .milliseconds(10)), .seconds(1))
    }

    /// Whether a pair of this record has lasted long enough.
    func isOverdue(_ record: PairRecord, at now: Instant) -> Bool {
        duration > .zero && record.paired + duration <= now
    }
}
