import Observations
import WormholeWire

/// The one fixed table of metrics: storage, exposition and the reference page all come from it.
///
/// Every series exists from the start. Each has one writer: the telemetry thread, the thread of a sink, or the admin
/// endpoint's; reading takes no lock.
package final class MetricTable: Sendable {
    let process: ProcessMetrics
    let connections: ConnectionMetrics
    let mailbox: MailboxMetrics
    let transit: TransitMetrics
    let limits: LimitMetrics
    let usage: UsageMetrics
    package let admin: AdminMetrics
    let selfTest: SelfTestMetrics
    /// The table, in the order in which it is shown. When privacy is strict, these are the numbers of the last window's
    /// end: whoever shows metrics must read them here.
    package let families: [MetricFamily]
    /// `nil` unless privacy is strict.
    let held: HeldMetrics?

    init(_ configuration: TelemetryConfiguration) {
        var layout = MetricLayout()
        layout.begin(.process)
        process = ProcessMetrics(&layout, configuration)
        layout.begin(.connections)
        connections = ConnectionMetrics(&layout)
        layout.begin(.mailbox)
        mailbox = MailboxMetrics(&layout, listedVersions: configuration.listedVersions)
        layout.begin(.transit)
        transit = TransitMetrics(&layout)
        layout.begin(.limits)
        limits = LimitMetrics(&layout)
        layout.begin(.usage)
        usage = UsageMetrics(&layout)
        layout.begin(.admin)
        admin = AdminMetrics(&layout)
        layout.begin(.selftest)
        selfTest = SelfTestMetrics(&layout, probes: configuration.selfTestProbes)
        held = configuration.isStrict ? HeldMetrics(layout.families) : nil
        families = held?.families ?? layout.families
        process.state.set(1, .starting)
        process.startTime.set(WallClock.now.seconds)
        usage.blurSeconds.set(Double(max(0, configuration.blurSeconds)))
        usage.retentionSeconds.set(configuration.usageRetention?.seconds ?? 0)
        held?.publish()
    }

    /// Shows which version the tables of the channel database have. Before the services start.
    package func showChannelSchema(version: Int) { usage.schemaVersion.set(Double(version), .channel) }
}
