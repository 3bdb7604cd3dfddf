package import Observations
package import WormholeWire

/// Makes records coarse enough to be kept: start times are rounded down to a window, sizes to a few digits.
///
/// Pure. Applied once, before any sink, so that what is stored and what is logged can never differ. Waiting and total
/// times stay exact, unless privacy is strict: then they are rounded down to whole windows, for a start and the moment a
/// record appears, less an exact time, would tell the exact start.
/// Source: the transit relay's operator guide, "--blur-usage".
package struct Blur: Equatable, Sendable {
    /// Length of the window in seconds; 0 leaves everything exact.
    package let seconds: Int

    /// Durations are rounded as well.
    package let isStrict: Bool

    package init(seconds: Int, isStrict: Bool = false) {
        self.seconds = max(0, seconds)
        self.isStrict = isStrict
    }

    package var isOn: Bool { seconds > 0 }

    /// The beginning of the window a time falls into.
    package func callAsFunction(_ time: Timestamp) -> Timestamp {
        let (window, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000)
        guard isOn, !overflow else { return time }
        var remainder = time.microseconds % window
        if remainder < 0 { remainder += window }
        return Timestamp(microseconds: time.microseconds - remainder)
    }

    /// A duration as it may be kept: exact, or whole windows.
    package func callAsFunction(_ duration: Duration) -> Duration {
        guard isStrict, isOn else { return duration }
        let whole = duration.components.seconds
        return .seconds(whole - whole % Int64(seconds))
    }

    /// A size rounded down, in decimal units.
    ///
    ///     below 1 kB ─▶ 0     below 1 MB ─▶ whole kB     below 1 GB ─▶ whole MB     above ─▶ whole 100 MB
    package func callAsFunction(bytes: UInt64) -> UInt64 {
        guard isOn else { return bytes }
        return switch bytes {
        case ..<1_000: 0
        case ..<1_000_000: bytes - bytes % 1_000
        case ..<1_000_000_000: bytes - bytes % 1_000_000
        default: bytes - bytes % 100_000_000
        }
    }

    /// The record as it may be kept.
    package func callAsFunction(_ record: UsageRecord) -> UsageRecord {
        guard isOn else { return record }
        return switch record {
        case .nameplate(let summary): .nameplate(blur(summary))
        case .mailbox(let summary): .mailbox(blur(summary))
        case .transit(let summary): .transit(blur(summary))
        case .clientVersion(let binding): .clientVersion(blur(binding))
        }
    }

    private func blur(_ summary: NameplateSummary) -> NameplateSummary {
        NameplateSummary(
            appID: summary.appID,
            started: self(summary.started),
            waitingTime: summary.waitingTime.map { self($0) },
            totalTime: self(summary.totalTime),
            result: summary.result
        )
    }

    private func blur(_ summary: MailboxSummary) -> MailboxSummary {
        MailboxSummary(
            appID: summary.appID,
            isForNameplate: summary.isForNameplate,
            started: self(summary.started),
            waitingTime: summary.waitingTime.map { self($0) },
            totalTime: self(summary.totalTime),
            result: summary.result
        )
    }

    private func blur(_ summary: TransitSummary) -> TransitSummary {
        TransitSummary(
            started: self(summary.started),
            totalTime: self(summary.totalTime),
            waitingTime: summary.waitingTime.map { self($0) },
            totalBytes: self(bytes: summary.totalBytes),
            mood: summary.mood,
            session: summary.session.map { .init(cause: $0.cause, duration: self($0.duration)) },
            isSelfTest: summary.isSelfTest
        )
    }

    private func blur(_ binding: ClientBinding) -> ClientBinding {
        ClientBinding(
            appID: binding.appID,
            side: binding.side,
            connected: self(binding.connected),
            implementation: binding.implementation,
            version: binding.version
        )
    }

    /// An observation as metrics may show it when privacy is strict: histograms can tell as much as records.
    package func callAsFunction(_ observation: Observation) -> Observation {
        guard isStrict, isOn else { return observation }
        switch observation {
        case .nameplateRetired(let summary): return .nameplateRetired(blur(summary))
        case .mailboxRetired(let summary): return .mailboxRetired(blur(summary))
        case .transitEnded(let summary): return .transitEnded(blur(summary))
        case .clientBound(let binding): return .clientBound(blur(binding))
        case .connectionClosed(let kind, let cause, let lifetime):
            return .connectionClosed(kind, cause: cause, lifetime: self(lifetime))
        case .transitPaired(let pairing):
            return .transitPaired(
                TransitPairing(
                    waitingTime: self(pairing.waitingTime),
                    setupTime: pairing.setupTime,
                    path: pairing.path,
                    isSameSource: pairing.isSameSource,
                    isSelfTest: pairing.isSelfTest
                )
            )
        case .transitWaitingLevels(var levels):
            levels.oldest = levels.oldest.map { self($0) }
            return .transitWaitingLevels(levels)
        case .connectionAccepted, .connectionRejected, .acceptFailed, .keepaliveAnswered, .limitHit, .commandFinished,
            .errorSent, .permissionChallenged, .permissionDifficultyChanged, .nameplateAllocated, .messageReceived,
            .messageDelivered, .messagesReplayed, .sideReconnected, .pruned, .mailboxLevels, .handshakeFinished,
            .transitProgressed, .transitReadPaused, .transitThrottled, .transitRatesChanged, .transitCapacityChanged,
            .mailboxCapacityChanged, .sourceLevels, .deniedRangesChanged, .limitTableLevels, .relayLevels,
            .databaseUsed, .databaseFailed,
            .maintenanceFinished, .readinessChanged, .lifecycleChanged, .internalErrorCaught, .invariantViolated,
            .selfTestFinished, .configurationReloaded:
            return observation
        }
    }
}
