/// The reference page of the metrics, in Markdown, made from the table itself.
package enum MetricReference {
    /// The page as the repository keeps it.
    package static var page: String { page(of: MetricTable(everything).families) }

    /// A server with every part there is.
    private static var everything: TelemetryConfiguration {
        var configuration = TelemetryConfiguration()
        configuration.build = BuildInfo(version: "", revision: "", swiftVersion: "")
        return configuration
    }

    static func page(of families: [MetricFamily]) -> String {
        var lines = [
            "# Metrics",
            "",
            "Every family that `/metrics` shows, in its order. `wormhole-server metrics-reference` writes this page; a test compares the",
            "two.",
            "",
            "Every series is there from the start, at zero, except for parts of the server that are not configured and for",
            "combinations of labels that cannot happen. All but timestamps and the free space of a disk start anew with the process.",
            "",
            "*Stable* families are used by rules and dashboards we ship: they are renamed only in a major version, with one release of",
            "overlap, and the bounds of their buckets do not change. *Detail* may change with any release.",
            "",
            "`/metrics?scope=` takes the words in parentheses, with commas between, and shows these parts alone.",
            "",
        ]
        for section in MetricFamily.Section.allCases {
            let members = families.filter { $0.section == section }
            guard !members.isEmpty else { continue }
            lines += [
                "## \(section.title) (`\(section.rawValue)`)", "",
                "| Name | Type | Labels | Unit | Meaning | Stability |", "| --- | --- | --- | --- | --- | --- |",
            ]
            lines += members.map(row)
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ family: MetricFamily) -> String {
        let labels = family.labels.map { "`\($0.name)`: \(values($0, of: family))" }.joined(separator: "; ")
        let cells = [
            "`\(family.name)`", type(of: family), labels.isEmpty ? "–" : labels, family.unit.rawValue,
            family.help, family.stability.rawValue,
        ]
        return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
    }

    private static func type(of family: MetricFamily) -> String {
        guard case .histogram(let bounds) = family.kind else { return family.kind.word }
        return "histogram: \(bounds.map(MetricNumber.text).joined(separator: ", "))"
    }

    private static func values(_ label: MetricFamily.Label, of family: MetricFamily) -> String {
        if family.name.hasSuffix("_info") { return "of the server" }
        let isOperators = label.name == "version"
        return (isOperators ? ["those listed by the operator"] + label.values : label.values).joined(separator: ", ")
    }
}

extension MetricFamily.Section {
    fileprivate var title: String {
        switch self {
        case .process: "Process and life"
        case .connections: "Connections"
        case .mailbox: "Mailbox server"
        case .transit: "Transit relay"
        case .limits: "Limits"
        case .usage: "Usage records, databases, log"
        case .admin: "Admin endpoint"
        case .selftest: "Self-test"
        }
    }
}
