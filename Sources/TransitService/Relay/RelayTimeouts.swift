/// How long a worker bears with its pairs. Zero stands for ever.
struct RelayTimeouts: Sendable {
    /// Without a byte either way.
    var idle: Duration
    /// An ending pair whose remaining bytes nobody takes.
    var stalledDrain: Duration
    /// Between two looks at whether a departing client has confirmed everything.
    var departureCheck: Duration = .milliseconds(250)
    /// For a client that has everything and still sends, so that it sees the end and not a reset.
    var departure: Duration = .seconds(2)
    /// For pairs to end in order once the time for draining is over.
    var abort: Duration = .seconds(1)
}
