import Foundation
import Testing

@testable import Telemetry

@Suite("The reference of the metrics")
struct MetricReferenceTests {
    @Test("the page in the repository is what the table says")
    func page() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let kept = try String(contentsOf: root.appending(path: "dashboards/METRICS.md"), encoding: .utf8)
        #expect(kept == MetricReference.page, "run: wormhole-server metrics-reference > dashboards/METRICS.md")
    }

    @Test("a row tells type, labels, unit, meaning and stability, and a bar in a text does not end its cell")
    func row() {
        var layout = MetricLayout()
        layout.begin(.usage)
        _ = layout.histogram(
            "a_seconds",
            "One | two.",
            unit: .seconds,
            bounds: [0.5, 1],
            .detail,
            labels: TaskResult.self
        )
        let page = MetricReference.page(of: layout.families)
        #expect(page.contains("## Usage records, databases, log (`usage`)"))
        #expect(
            page.contains(
                "\n| `a_seconds` | histogram: 0.5, 1 | `result`: success, failure | seconds | One \\| two. | detail |\n"
            )
        )
    }
}
