package import WormholeWire

// The complete records an observation carries. Times are exact here; blurring is done once, by the reader that hands
// them on to the usage database and the JSON log.

/// The life of one nameplate. Source: the mailbox protocol's usage table `nameplates`.
package struct NameplateSummary: Equatable, Sendable {
    package let appID: AppID
    /// When the first side claimed it.
    package let started: Timestamp
    /// From the first side to the second, `nil` when there was no second.
    package let waitingTime: Duration?
    /// From the first claim to the end.
    package let totalTime: Duration
    package let result: NameplateResult

    package init(
        appID: AppID,
        started: Timestamp,
        waitingTime: Duration?,
        totalTime: Duration,
        result: NameplateResult
    ) {
        self.appID = appID
        self.started = started
        self.waitingTime = waitingTime
        self.totalTime = totalTime
        self.result = result
    }
}

/// The life of one mailbox. Source: the mailbox protocol's usage table `mailboxes`.
package struct MailboxSummary: Equatable, Sendable {
    package let appID: AppID
    /// Made by `claim` or `allocate`, not by `open` or `close`.
    package let isForNameplate: Bool
    /// When the first side came.
    package let started: Timestamp
    /// From the first side to the second, `nil` when there was no second.
    package let waitingTime: Duration?
    /// From the first side to the end.
    package let totalTime: Duration
    package let result: MailboxResult

    package init(
        appID: AppID,
        isForNameplate: Bool,
        started: Timestamp,
        waitingTime: Duration?,
        totalTime: Duration,
        result: MailboxResult
    ) {
        self.appID = appID
        self.isForNameplate = isForNameplate
        self.started = started
        self.waitingTime = waitingTime
        self.totalTime = totalTime
        self.result = result
    }
}

/// One successful `bind`. Source: the mailbox protocol's usage table `client_versions`.
package struct ClientBinding: Equatable, Sendable {
    package let appID: AppID
    package let side: Side
    /// When the `bind` was received.
    package let connected: Timestamp
    /// What the client calls its program, such as `python`; `nil` when it did not say.
    package let implementation: String?
    /// The client's version, `nil` when it did not say.
    package let version: String?

    package init(appID: AppID, side: Side, connected: Timestamp, implementation: String?, version: String?) {
        self.appID = appID
        self.side = side
        self.connected = connected
        self.implementation = implementation
        self.version = version
    }
}

/// The moment two clients of the relay were joined.
package struct TransitPairing: Equatable, Sendable {
    /// Between the accepts of the two connections.
    package let waitingTime: Duration
    /// From the second handshake's last byte to both `ok` lines being written.
    package let setupTime: Duration
    package let path: TransitPath
    /// Whether both clients came from one network, as far as networks are told apart: not for this machine and Unix sockets.
    package let isSameSource: Bool
    /// Both were the server itself.
    package let isSelfTest: Bool

    package init(
        waitingTime: Duration,
        setupTime: Duration,
        path: TransitPath,
        isSameSource: Bool = false,
        isSelfTest: Bool = false
    ) {
        self.waitingTime = waitingTime
        self.setupTime = setupTime
        self.path = path
        self.isSameSource = isSameSource
        self.isSelfTest = isSelfTest
    }
}

/// One record of the relay: a pair, or a connection that never had a partner. Source: the relay's table `usage`.
package struct TransitSummary: Equatable, Sendable {
    /// When the (earlier) connection was accepted.
    package let started: Timestamp
    /// From then to the moment of recording.
    package let totalTime: Duration
    /// Between the accepts of the two connections; `nil` for a connection that never had a partner.
    package let waitingTime: Duration?
    /// Payload accepted from both clients; 0 for a connection that never had a partner.
    package let totalBytes: UInt64
    package let mood: TransitMood
    /// Only for a pair.
    package let session: Session?
    /// It was the server itself.
    package let isSelfTest: Bool

    /// What is known of a pair beyond its record.
    package struct Session: Equatable, Sendable {
        package let cause: SessionEndCause
        /// From pairing to the end.
        package let duration: Duration

        package init(cause: SessionEndCause, duration: Duration) {
            self.cause = cause
            self.duration = duration
        }
    }

    package init(
        started: Timestamp,
        totalTime: Duration,
        waitingTime: Duration?,
        totalBytes: UInt64,
        mood: TransitMood,
        session: Session?,
        isSelfTest: Bool = false
    ) {
        self.started = started
        self.totalTime = totalTime
        self.waitingTime = waitingTime
        self.totalBytes = totalBytes
        self.mood = mood
        self.session = session
        self.isSelfTest = isSelfTest
    }
}
