import Observations
import WormholeWire

/// What the admin endpoint asks besides the metrics. From any thread.
extension Telemetry {
    /// The sum of a family's series, as they are shown; 0 for a family there is not.
    ///
    /// - Parameter label: Series with this label value alone; `nil` for all.
    package func total(of name: String, label: String? = nil) -> Double {
        guard let family = metrics.families.first(where: { $0.name == name }) else { return 0 }
        return family.total(label: label)
    }

    /// The buckets of a histogram, as they are shown; `nil` for a family there is not.
    package func distribution(of name: String) -> Distribution? {
        metrics.families.first { $0.name == name }?.distribution
    }

    /// Whether nothing may tell the moment at which a client comes or goes.
    package var hasStrictPrivacy: Bool { configuration.isStrict }

    /// Connections of the mailbox server and pairs of the relay that are there now, for the one who waits for their end.
    package var present: (connections: Int, pairs: Int) {
        let connections = ConnectionKind.allCases.filter { $0.component == .mailbox }
            .reduce(0) { $0 + pipeline.openConnections($1) }
        return (connections, Int(metrics.transit.activeSessions.value()))
    }

    /// The time on the wall, in seconds since 1970.
    package var now: Double { WallClock.now.seconds }

    /// A short hash of the whole configuration.
    package var configurationDigest: String { configuration.configurationDigest }

    /// The window that start times are rounded down to, in seconds; 0 when they are exact.
    package var blurSeconds: Int { configuration.blurSeconds }

    /// How long records are kept, in seconds; `nil`: for ever.
    package var retentionSeconds: Int? { configuration.usageRetention.map { Int($0.seconds) } }

    /// The usage database, if there is one that others can open.
    package var usageDatabasePath: String? {
        configuration.usageDatabasePath.flatMap { $0 == ":memory:" ? nil : $0 }
    }
}
