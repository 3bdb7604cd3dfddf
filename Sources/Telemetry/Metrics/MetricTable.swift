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
    let usage: UsageMetrics
    package let admin: AdminMetrics
    /// The table, in the order in which it is shown.
    package let families: [MetricFamily]

    init(_ configuration: TelemetryConfiguration) {
        var layout = MetricLayout()
        process = ProcessMetrics(
            &layout,
            build: configuration.build,
            checks: configuration.allChecks,
            tasks: configuration.allTasks
        )
        connections = ConnectionMetrics(&layout)
        mailbox = MailboxMetrics(&layout, listedVersions: configuration.listedVersions)
        transit = TransitMetrics(&layout)
        usage = UsageMetrics(&layout)
        admin = AdminMetrics(&layout)
        families = layout.families
        process.state.set(1, .starting)
        process.startTime.set(WallClock.now.seconds)
        usage.blurSeconds.set(Double(max(0, configuration.blurSeconds)))
    }
}
