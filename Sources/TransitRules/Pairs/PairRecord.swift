package import Observations
internal import WormholeWire

/// What a pair's usage record will need, known from the moment it is formed.
package struct PairRecord: Equatable, Sendable {
    /// When the earlier of the two was accepted.
    package let started: Arrival
    /// Between the two accepts, whichever was first.
    package let waitingTime: Duration
    /// When the second handshake was complete.
    package let paired: Instant
    /// Whether both came from one source; never for those that are not counted by source.
    package let isSameSource: Bool

    /// Both were the server itself.
    package let isSelfTest: Bool

    package init(
        first: Arrival,
        second: Arrival,
        paired: Instant,
        isSameSource: Bool = false,
        isSelfTest: Bool = false
    ) {
        let isInOrder = first.instant <= second.instant
        started = isInOrder ? first : second
        waitingTime = isInOrder ? second.instant - first.instant : first.instant - second.instant
        self.paired = paired
        self.isSameSource = isSameSource
        self.isSelfTest = isSelfTest
    }

    /// What is reported of the pair's beginning, when both have been told.
    package func pairing(on path: TransitPath, at now: Instant) -> TransitPairing {
        TransitPairing(
            waitingTime: waitingTime,
            setupTime: now - paired,
            path: path,
            isSameSource: isSameSource,
            isSelfTest: isSelfTest
        )
    }

    /// The record. A pair is `happy`, however it ended.
    package func summary(totalBytes: UInt64, cause: SessionEndCause, at now: Instant) -> TransitSummary {
        TransitSummary(
            started: started.date,
            totalTime: now - started.instant,
            waitingTime: waitingTime,
            totalBytes: totalBytes,
            mood: .happy,
            session: TransitSummary.Session(cause: cause, duration: now - paired),
            isSelfTest: isSelfTest
        )
    }
}
