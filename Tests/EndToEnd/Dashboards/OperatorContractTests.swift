import Foundation
import TestSupport
import Testing

/// What operators were promised of rules and dashboards, line by line, but for what belongs to features that do not exist:
/// clusters, TLS, allowances and penalties.
@Suite("The contract with operators")
struct OperatorContractTests {
    /// Rules that say more than was promised, and why. Their stories show what they do.
    private static let refined: Set = [
        // A task that has never succeeded is counted from the start of the process, not from 1970.
        "WormholeSelftestFailing", "WormholePruneStalled",
        // The same; and a checkpoint is only due where something was written.
        "WormholeMaintenanceStalled",
        // 0 is no limit.
        "WormholeConnectionsNearLimit",
    ]

    @Test("every rule is there, with its expression, its patience and its severity")
    func rules() throws {
        let promised = try Self.table("rules").map { line in
            let expression = Self.refined.contains(line[0]) ? "" : Self.bare(line[3])
            return [line[0], line[1], line[2], expression]
        }
        let kept = try (RuleFile(RuleFile.recording).rules + RuleFile(RuleFile.alerting).rules).map { rule in
            let expression = Self.refined.contains(rule.name) ? "" : Self.bare(rule.expression)
            return [rule.name, rule.facts["for"] ?? "", rule.facts["severity"] ?? "", expression]
        }
        #expect(promised.count > 40)
        for rule in promised where !kept.contains(rule) { Issue.record("promised: \(rule)") }
        for rule in kept where !promised.contains(rule) { Issue.record("not promised: \(rule)") }
        #expect(promised.count == kept.count)
    }

    @Test("every panel is there, in its row, of its kind and with its marks")
    func panels() throws {
        let dashboards = try Dashboard.all()
        let lines = try Self.table("panels")
        #expect(lines.count > 80)
        for line in lines {
            let row = dashboards.first { $0.name == line[0] }?.rows.first { $0.title == line[1] }
            guard let panel = row?.pictures.first(where: { $0.title == line[3] }) else {
                Issue.record("\(line[0]), \(line[1]): \(line[2])")
                continue
            }
            #expect(panel.type == line[4], "\(panel)")
            for mark in line[5].split(separator: ", ") {
                let words = mark.split(separator: " ").map(String.init)
                #expect(Self.has(panel, mark: words[0], Array(words.dropFirst())), "\(panel): \(mark)")
            }
        }
        for dashboard in dashboards {
            let promised = lines.filter { $0[0] == dashboard.name }.map { $0[1] }
            let rows = dashboard.rows.map(\.title).filter(promised.contains)
            #expect(rows == promised.reduce(into: []) { if $0.last != $1 { $0.append($1) } }, "\(dashboard.name)")
        }
    }

    private static func has(_ panel: Panel, mark: String, _ words: [String]) -> Bool {
        switch mark {
        case "by": panel.queries.contains { Set($0.legendLabels).isSuperset(of: words) }
        case "quantiles":
            words.allSatisfy { word in
                panel.queries.contains { $0.expression.contains("histogram_quantile(\(word),") }
            }
        case "limit": panel.dashedQueries.contains { $0.expression.contains(/_limit|_max_/) }
        case "stacked": panel.json["fieldConfig"]?["defaults"]?["custom"]?["stacking"]?["mode"] == "normal"
        case "over": panel.json["timeFrom"]?.string == words.first
        default: false
        }
    }

    @Test("restarts, drains and reloads are marked on every dashboard", arguments: Dashboard.names)
    func moments(name: String) throws {
        let annotations = try Dashboard(name).annotations
        #expect(annotations.compactMap { $0["name"]?.string } == ["Start", "Drain", "Reload"])
        #expect(annotations.allSatisfy { $0["enable"] == .bool(true) && $0["useValueForTime"] == .bool(true) })
        #expect(Set(annotations.compactMap { $0["iconColor"]?.string }).count == 3)
    }

    /// Without what does not change its meaning here: blanks, and parentheses around products and comparisons.
    private static func bare(_ expression: String) -> String { expression.filter { !"() \n".contains($0) } }

    /// The fields of each line.
    private static func table(_ name: String) throws -> [[String]] {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/dashboards/\(name)", withExtension: "tsv"))
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
