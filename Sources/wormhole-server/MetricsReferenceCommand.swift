import ArgumentParser
import Telemetry

/// Writes the reference page of the metrics, `dashboards/METRICS.md`, from the table that the server exports.
struct MetricsReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics-reference",
        abstract: "Print the reference of all metrics, in Markdown.",
        shouldDisplay: false
    )

    func run() {
        print(MetricReference.page, terminator: "")
    }
}
