import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Metrics that dashboards and rules name")
struct ExportedMetricTests {
    /// Series that Prometheus makes itself.
    private static let ofPrometheus: Set = ["up", "ALERTS"]

    @Test("each is exported or recorded, with the labels that are asked for")
    func exported() async throws {
        let server = try await RunningServer("--selftest-interval=60", recordsLines: true)
        let series = try await Self.series(in: server.get("/metrics"))
        let recordings = try Set(RuleFile(RuleFile.recording).rules.map(\.name))
        let selectors = try Self.selectors()
        #expect(Set(selectors.map(\.metric)).count > 80)
        for selector in selectors where !Self.ofPrometheus.contains(selector.metric) {
            if recordings.contains(selector.metric) { continue }
            let candidates = series[selector.metric] ?? []
            #expect(!candidates.isEmpty, "\(selector.metric) is not exported")
            for matcher in selector.matchers where !["job", "instance"].contains(matcher.label) {
                let values = Set(candidates.compactMap { $0[matcher.label] })
                let wanted =
                    matcher.comparison == "=~" ? matcher.value.split(separator: "|").map(String.init) : [matcher.value]
                #expect(values.isSuperset(of: wanted), "\(selector.metric) has \(matcher.label) \(values.sorted())")
            }
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("strict privacy holds back nothing that alerts take for the state of the server itself")
    func strictPrivacy() async throws {
        let server = try await RunningServer("--privacy=strict", "--blur-usage=3600", "--selftest-interval=0.1")
        for series in [
            #"wormhole_selftest_last_success_timestamp_seconds{probe="transit"}"#,
            #"wormhole_maintenance_last_success_timestamp_seconds{task="prune"}"#,
            "wormhole_event_loop_heartbeat_timestamp_seconds", "process_max_fds",
        ] {
            try await eventually("\(series) is shown") { try await server.metric(series) > 0 }
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("each is one that the reference calls stable")
    func stability() async throws {
        let reference = try await run(Repository.server(), "metrics-reference")
        let rows = reference.matches(of: /(?m)^\| `(\w+)` \|.*\| (stable|detail) \|$/)
        let stable = Set(rows.filter { $0.2 == "stable" }.map { String($0.1) })
        let known = Set(rows.map { String($0.1) })
        #expect(known.count > 90)
        for metric in try Set(Self.selectors().map { $0.metric.replacing(/_(bucket|sum|count)$/, with: "") }) {
            #expect(stable.contains(metric) || !known.contains(metric), "\(metric) is used, but only a detail")
        }
    }

    private static func selectors() throws -> Set<MetricSelector> {
        var expressions: [String] = []
        for dashboard in try Dashboard.all() {
            expressions += dashboard.pictures.flatMap(\.queries).map(\.expression)
            expressions += dashboard.annotations.compactMap { $0["expr"]?.string }
        }
        for name in [RuleFile.recording, RuleFile.alerting] {
            expressions += try RuleFile(name).rules.map(\.expression)
        }
        return try Set(expressions.flatMap { try MetricSelector.all(in: $0) })
    }

    /// The label values of every series by the name of the metric.
    private static func series(in text: String) -> [String: [[String: String]]] {
        var result: [String: [[String: String]]] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            let labels = line.matches(of: /(\w+)="([^"]*)"/).map { (String($0.1), String($0.2)) }
            result[String(name), default: []].append(Dictionary(uniqueKeysWithValues: labels))
        }
        return result
    }
}
