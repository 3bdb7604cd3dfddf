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

    package init(first: Arrival, second: Arrival, paired: Instant) {
        let isInOrder = first.instant <= second.instant
        started = isInOrder ? first : second
        waitingTime = isInOrder ? second.instant - first.instant : first.instant - second.instant
        self.paired = paired
    }

    /// The record. A pair is `happy`, however it ended.
    package func summary(totalBytes: UInt64, cause: SessionEndCause, at now: Instant) -> TransitSummary {
        TransitSummary(
            started: started.date,
            totalTime: now - started.instant,
            waitingTime: waitingTime,
            totalBytes: totalBytes,
            mood: .happy,
            session: TransitSummary.Session(cause: cause, duration: now - paired)
        )
    }
}
