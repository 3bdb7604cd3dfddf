package import Observations
import WormholeWire

/// What is kept of one nameplate, mailbox, transfer or client after it is gone.
///
/// Made from an observation, blurred once, and then handed to every sink that keeps records.
package enum UsageRecord: Equatable, Sendable {
    case nameplate(NameplateSummary)
    case mailbox(MailboxSummary)
    case transit(TransitSummary)
    case clientVersion(ClientBinding)

    /// The most UTF-8 bytes kept of what a client calls its program and its version. Known clients stay below 40; a
    /// client that sends a novel must not make us store it.
    static let maximumVersionLength = 128

    package var kind: RecordKind {
        switch self {
        case .nameplate: .nameplate
        case .mailbox: .mailbox
        case .transit: .transit
        case .clientVersion: .clientVersion
        }
    }

    /// When what it tells of began.
    var started: Timestamp {
        switch self {
        case .nameplate(let summary): summary.started
        case .mailbox(let summary): summary.started
        case .transit(let summary): summary.started
        case .clientVersion(let binding): binding.connected
        }
    }

    /// The record an observation carries.
    ///
    /// - Returns: `nil` for observations that are no record, and for the second connection of a pair, whose partner's
    ///   record speaks for both.
    package init?(_ observation: Observation) {
        switch observation {
        case .nameplateRetired(let summary):
            self = .nameplate(summary)
        case .mailboxRetired(let summary):
            self = .mailbox(summary)
        case .clientBound(let binding):
            self = .clientVersion(binding.clipped(to: Self.maximumVersionLength))
        case .transitEnded(let summary):
            guard summary.mood != .jilted else { return nil }
            self = .transit(summary)
        case .connectionAccepted, .connectionClosed, .connectionRejected, .acceptFailed, .keepaliveAnswered, .limitHit,
            .commandFinished, .errorSent, .permissionChallenged,
            .permissionDifficultyChanged, .nameplateAllocated, .messageReceived, .messageDelivered, .messagesReplayed,
            .sideReconnected, .pruned, .mailboxLevels, .handshakeFinished, .transitPaired, .transitProgressed,
            .transitReadPaused, .transitThrottled, .transitRatesChanged, .transitCapacityChanged,
            .mailboxCapacityChanged, .transitWaitingLevels, .sourceLevels, .deniedRangesChanged, .limitTableLevels,
            .relayLevels, .databaseUsed,
            .databaseFailed, .maintenanceFinished, .readinessChanged, .lifecycleChanged, .internalErrorCaught,
            .invariantViolated, .selfTestFinished, .configurationReloaded:
            return nil
        }
    }
}

extension ClientBinding {
    /// The same with what the client chose freely brought to a length that can be kept.
    fileprivate func clipped(to limit: Int) -> Self {
        guard max(implementation?.utf8.count ?? 0, version?.utf8.count ?? 0) > limit else { return self }
        return Self(
            appID: appID,
            side: side,
            connected: connected,
            implementation: implementation?.prefix(utf8: limit),
            version: version?.prefix(utf8: limit)
        )
    }
}

extension String {
    /// The longest beginning of whole Unicode scalars that has at most this many UTF-8 bytes.
    fileprivate func prefix(utf8 limit: Int) -> String {
        guard var end = utf8.index(startIndex, offsetBy: limit, limitedBy: endIndex) else { return self }
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
