import Telemetry

/// How long things took, estimated from histograms.
struct LatencyReport: Sendable {
    static let families: [(family: String, name: String)] = [
        ("wormhole_mailbox_command_duration_seconds", "Answer to a mailbox command"),
        ("wormhole_mailbox_delivery_seconds", "Message to its listener"),
        ("wormhole_transit_pair_setup_seconds", "Relay: both sides told"),
        ("wormhole_event_loop_lag_seconds", "Event loop late by"),
        ("wormhole_nameplate_wait_seconds", "People: first to second side of a code"),
        ("wormhole_transit_pair_wait_seconds", "People: first to second side of a transfer"),
    ]
    static let shares: [(name: String, share: Double)] = [("half", 0.5), ("90\u{A0}%", 0.9), ("99\u{A0}%", 0.99)]

    struct Row: Equatable, Sendable {
        let name: String
        let count: Double
        /// In seconds, by ``shares``: so long at most; `nil` without any, and above the last bound.
        let times: [Double?]
        /// The last bound.
        let bound: Double
    }

    let rows: [Row]

    /// - Parameter samples: Of an hour; those of before the first count for nothing.
    init(_ samples: [HourMemory.Sample]) {
        guard let first = samples.first, let last = samples.last else {
            rows = []
            return
        }
        rows = zip(Self.families, zip(last.distributions, first.distributions)).map { family, distributions in
            let (now, before) = distributions
            // The first sample of a process is taken when it starts, with all its numbers at zero.
            let difference = now.subtracting(before)
            return Row(
                name: family.name,
                count: difference.count,
                times: Self.shares.map { difference.estimate($0.share) },
                bound: now.bounds.last ?? 0
            )
        }
    }
}
