import NIOCore

/// When to send a Ping, and when to give a silent client up.
///
///     listening ──interval of silence──▶ asked ──timeout──▶ gone
///         ▲──────── a sign of life ────────┘
///
/// A sign of life is the matching Pong or any data frame. Times are passed in, so is the randomness.
struct Keepalive: ~Copyable {
    /// The 12 bytes in a Ping.
    struct Payload: Equatable {
        var high: UInt64
        var low: UInt32
    }

    enum Verdict: Equatable {
        /// Nothing to do before this time.
        case look(at: NIODeadline)
        /// Nothing to do before something else happens.
        case rest
        /// A Ping is due; tell ``asked(_:at:)``.
        case ping
        /// The client is gone.
        case giveUp
    }

    private enum State {
        case listening(since: NIODeadline)
        case asked(Payload, at: NIODeadline, patience: NIODeadline)
    }

    private let interval: Duration
    private let timeout: Duration
    private var state: State

    init(interval: Duration, timeout: Duration, now: NIODeadline) {
        self.interval = interval
        self.timeout = timeout
        self.state = .listening(since: now)
    }

    /// A data frame has come.
    ///
    /// - Returns: Whether the timer must be set anew.
    mutating func heard(at now: NIODeadline) -> Bool {
        switch state {
        case .listening:
            state = .listening(since: now)
            return false
        case .asked:
            state = .listening(since: now)
            return true
        }
    }

    /// A Pong has come.
    ///
    /// - Returns: How long it took, if it answers the Ping; the timer must then be set anew.
    mutating func answered(_ payload: Payload?, at now: NIODeadline) -> Duration? {
        switch state {
        case .listening:
            return nil
        case .asked(let expected, let asked, _):
            guard payload == expected else { return nil }
            state = .listening(since: now)
            return Duration(now - asked)
        }
    }

    /// A Ping was sent.
    mutating func asked(_ payload: Payload, at now: NIODeadline) {
        state = .asked(payload, at: now, patience: now)
    }

    /// Decides what is to be done now.
    ///
    /// - Parameter isExcused: Whether the client may be unable to answer; its time then starts again.
    mutating func look(at now: NIODeadline, isExcused: Bool) -> Verdict {
        guard interval > .zero else { return .rest }
        switch state {
        case .listening(let since):
            return now >= since + interval ? .ping : .look(at: since + interval)
        case .asked(let payload, let asked, let patience):
            guard timeout > .zero else { return .rest }
            if isExcused {
                state = .asked(payload, at: asked, patience: now)
                return .look(at: now + timeout)
            }
            return now >= patience + timeout ? .giveUp : .look(at: patience + timeout)
        }
    }
}
