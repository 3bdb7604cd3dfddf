package import Observations

/// What telemetry keeps, where, and how exactly.
package struct TelemetryConfiguration: Sendable {
    /// The shape of a usage database.
    package enum UsageSchema: Sendable {
        /// The mailbox server's version 2, with the relay's table and columns beside it: for `start` and `mailbox`.
        case mailboxSuperset
        /// The relay's version 1: for `transit` alone.
        case transitOnly
    }

    /// The usage database, `:memory:` for one that is gone with the process, `nil` for none.
    package var usageDatabasePath: String?
    package var usageSchema = UsageSchema.mailboxSuperset
    /// An open descriptor that gets one line of JSON per record; it stays the caller's.
    package var logDescriptor: CInt?
    /// Which records get a line.
    package var logKinds = Set(RecordKind.allCases)
    /// Start times are rounded down to a multiple of this many seconds, and sizes to a few digits; 0 keeps them exact.
    package var blurSeconds = 0
    /// Whether everything is to be kept from telling more than the window: durations are rounded, records wait for the
    /// end of their window and leave it shuffled, and metrics that clients move follow at window ends. Takes a window.
    package var hasStrictPrivacy = false
    /// How long records are kept in the usage database; `nil`: for ever. Counters and sums by hour and day stay.
    package var usageRetention: Duration?

    package var build = BuildInfo(version: "0.0.0")
    /// A short hash of the whole configuration, the same on servers that are configured alike.
    package var configurationDigest = "none"
    /// Counts the lines of the server's own log.
    package var logCounts = LogCounts()
    /// What the server tests of itself.
    package var selfTestProbes: Set<SelfTestProbe> = []
    /// Who the self-test is, so that it leaves no records.
    package var selfTestIdentity: SelfTestIdentity?
    /// The parts `/readyz` asks about, from the start: what this process is configured to run. The usage database and
    /// the log are added when they are configured here.
    package var readinessChecks: Set<ReadinessCheck> = []
    /// The tasks that run by the clock in this process, besides the usage database's own.
    package var maintenanceTasks: Set<MaintenanceTask> = []
    /// Client versions that get a series of their own in `wormhole_mailbox_client_binds_total`; at most 32.
    package var listedVersions: [String] = []
    /// For its size in the metrics; telemetry never opens it.
    package var channelDatabasePath: String?
    /// The directory whose free space is shown.
    package var stateDirectory: String?

    /// How old the usage database's `current` row may become; it says that the server is alive.
    package var currentInterval = Duration.seconds(60)
    /// The shortest time between two transactions on the usage database.
    package var commitInterval = Duration.seconds(1)
    /// How often records that are too old are looked for.
    package var retentionInterval = Duration.seconds(3600)
    /// How long ``Telemetry/stop()`` waits for a locked database or a stuck reader of the log before it gives up.
    package var flushTimeout = Duration.seconds(5)
    /// Records each sink holds while its database is locked or its reader is stuck; the oldest give way.
    package var queueCapacity = 16384

    package init() {}
}

extension TelemetryConfiguration {
    /// The readiness checks of this process, the sinks' own included.
    var allChecks: Set<ReadinessCheck> {
        var checks = readinessChecks
        if usageDatabasePath != nil { checks.insert(.usageDatabase) }
        if logDescriptor != nil { checks.insert(.logDescriptor) }
        return checks
    }

    /// The tasks that run by the clock, the usage database's own included.
    var allTasks: Set<MaintenanceTask> {
        guard usageDatabasePath != nil else { return maintenanceTasks }
        return maintenanceTasks.union(usageRetention == nil ? [.stats] : [.stats, .retention])
    }

    /// Strict privacy means nothing without a window.
    var isStrict: Bool { hasStrictPrivacy && blurSeconds > 0 }

    var blur: Blur { Blur(seconds: blurSeconds, isStrict: isStrict) }

    /// Records each sink can hold: what is held for a window must fit when it is released.
    var sinkCapacity: Int { isStrict ? max(queueCapacity, PrivacyWindow.capacity) : queueCapacity }
}
