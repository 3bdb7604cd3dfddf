import Observations
package import WormholeWire

/// Makes records coarse enough to be kept: start times are rounded down to a window, sizes to a few digits.
///
/// Pure. Applied once, before any sink, so that what is stored and what is logged can never differ. Waiting and total
/// times stay exact. Source: the transit relay's operator guide, "--blur-usage".
package struct Blur: Equatable, Sendable {
    /// Length of the window in seconds; 0 leaves everything exact.
    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = max(0, seconds)
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
            waitingTime: summary.waitingTime,
            totalTime: summary.totalTime,
            result: summary.result
        )
    }

    private func blur(_ summary: MailboxSummary) -> MailboxSummary {
        MailboxSummary(
            appID: summary.appID,
            isForNameplate: summary.isForNameplate,
            started: self(summary.started),
            waitingTime: summary.waitingTime,
            totalTime: summary.totalTime,
            result: summary.result
        )
    }

    private func blur(_ summary: TransitSummary) -> TransitSummary {
        TransitSummary(
            started: self(summary.started),
            totalTime: summary.totalTime,
            waitingTime: summary.waitingTime,
            totalBytes: self(bytes: summary.totalBytes),
            mood: summary.mood,
            session: summary.session
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
}
