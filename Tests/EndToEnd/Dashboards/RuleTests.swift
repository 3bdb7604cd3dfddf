import Foundation
import TestSupport
import Testing

@Suite("Prometheus rules", .timeLimit(.minutes(5)))
struct RuleTests {
    private static let stories = ["recording.tests.yml", "alerting.tests.yml", "alerting-days.tests.yml"]

    @Test("promtool finds nothing wrong with them")
    func check() async throws {
        let files = [RuleFile.recording, RuleFile.alerting].map(Self.path)
        let output = try await run(Repository.tool("promtool"), "check", "rules", "--lint-fatal", files[0], files[1])
        let count = try Self.allRules().count
        #expect(count > 40)
        let counted = output.matches(of: /(\d+) rules found/).compactMap { Int($0.1) }
        #expect(counted.reduce(0, +) == count, "the tests and promtool see different rules")
    }

    @Test("every story ends as it should", arguments: RuleTests.stories)
    func story(file: String) async throws {
        let output = try await run(Repository.tool("promtool"), "test", "rules", Self.path(file))
        #expect(output.contains("SUCCESS"))
    }

    @Test("every alert has a story in which it fires and one in which it does not")
    func coverage() throws {
        let text = try Self.stories.map { try String(contentsOfFile: Self.path($0), encoding: .utf8) }.joined()
        let endings = text.matches(of: /alertname: (\w+)\n        exp_alerts:( \[\])?\n/)
        let alerts = try Set(RuleFile(RuleFile.alerting).rules.map(\.name))
        #expect(Set(endings.filter { $0.2 == nil }.map { String($0.1) }) == alerts)
        #expect(Set(endings.filter { $0.2 != nil }.map { String($0.1) }) == alerts)
    }

    @Test("a rule that says nothing fails its stories")
    func deadRules() async throws {
        let output = try await complaints(aboutRules: { rules in
            rules.replacing(/expr: \|-\n(?: {10}[^\n]*\n)+/, with: "expr: vector(0) > 1\n")
        })
        let alerts = output.matches(of: /alertname: (\w+), time/).map { String($0.1) }
        let recordings = output.matches(of: /expr: "([\w:]+)", time/).map { String($0.1) }
        #expect(try Set(alerts + recordings) == Set(Self.allRules().map(\.name)))
    }

    @Test("an alert that does not wait fails its stories")
    func hastyAlerts() async throws {
        let output = try await complaints(aboutRules: { $0.replacing(/for: \w+/, with: "for: 0m") })
        let alerts = output.matches(of: /alertname: (\w+), time: \w+,\s+exp:\[\]/).map { String($0.1) }
        let patient = try Self.allRules().filter { $0.isAlert && $0.facts["for"] != "0m" }.map(\.name)
        #expect(patient.count == 22)
        #expect(Set(alerts) == Set(patient))
    }

    /// What promtool says of the stories when the rules are other ones.
    private func complaints(aboutRules change: (String) -> String) async throws -> String {
        let folder = try TemporaryFolder()
        for name in [RuleFile.recording, RuleFile.alerting] {
            let text = try String(contentsOfFile: Self.path(name), encoding: .utf8)
            try Data(change(text).utf8).write(to: URL(filePath: folder.path + "/" + name))
        }
        for story in Self.stories {
            try FileManager.default.copyItem(atPath: Self.path(story), toPath: folder.path + "/" + story)
        }
        let paths = Self.stories.map { folder.path + "/" + $0 }
        let child = try ChildProcess(Repository.tool("promtool"), ["test", "rules"] + paths)
        #expect(try await child.end() == .exited(1))
        return child.output + child.errors
    }

    @Test("the runbook has one section for each alert, and alerts point to theirs")
    func runbook() throws {
        let file = Repository.root.appending(path: "dashboards/RUNBOOK.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let sections = text.split(separator: "\n## ").dropFirst()
        let alerts = try RuleFile(RuleFile.alerting).rules
        #expect(sections.map { String($0.prefix { $0 != "\n" }) } == alerts.map(\.name).deduplicated())
        for section in sections {
            let name = section.prefix { $0 != "\n" }
            let severities = Set(alerts.filter { $0.name == name }.compactMap { $0.facts["severity"] })
            #expect(severities.allSatisfy { section.contains("*\($0)*") || section.contains("*\($0).*") }, "\(name)")
            #expect(section.contains("- **Look"), "\(name)")
            #expect(section.contains("**Do:**") || section.contains("**Look and do:**"), "\(name)")
        }
        for link in text.matches(of: /\]\(#(\w+)\)/) {
            #expect(alerts.contains { $0.name.lowercased() == link.1 }, "\(link.1)")
        }
        for alert in alerts {
            #expect(alert.facts["runbook_url"]?.hasSuffix("RUNBOOK.md#\(alert.name.lowercased())") == true, "\(alert)")
        }
    }

    @Test("options that the runbook recommends exist")
    func options() async throws {
        let file = Repository.root.appending(path: "dashboards/RUNBOOK.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let options = Set(text.matches(of: /`(--[a-z-]+)/).map { String($0.1) })
        #expect(options.count > 10)
        let help = try await run(Repository.server(), "start", "--help")
        for option in options { #expect(help.contains(option + " ") || help.contains(option + "\n"), "\(option)") }
    }

    @Test("the self-test comes often enough for its alert")
    func selfTest() async throws {
        let help = try await run(Repository.server(), "start", "--help").replacing(/\s+/, with: " ")
        let option = try #require(help.firstMatch(of: /--selftest-interval <seconds> [^(]+\(default: ([0-9.]+)\)/))
        #expect(Double(option.1) == 60)
        let alert = try RuleFile(RuleFile.alerting).rules.first { $0.name == "WormholeSelftestFailing" }
        let seconds = try #require(alert?.expression.firstMatch(of: /\) > (\d+)\n/))
        #expect(Double(seconds.1) ?? 0 >= 5 * 60)
    }

    @Test("alerts and recorded series are named and described as they should be")
    func names() throws {
        for rule in try Self.allRules() {
            guard rule.isAlert else {
                #expect(rule.name.wholeMatch(of: /instance(_le)?:(wormhole|process)_\w+:[a-z0-9_]+/) != nil, "\(rule)")
                continue
            }
            #expect(rule.name.wholeMatch(of: /Wormhole([A-Z][a-z]+)+/) != nil, "\(rule)")
            #expect(["critical", "warning", "info"].contains(rule.facts["severity"]), "\(rule)")
            #expect(rule.facts["summary"]?.isEmpty == false, "\(rule)")
            #expect(rule.facts["description"]?.hasSuffix(".") == true, "\(rule)")
        }
    }

    @Test("the examples of configuration are valid")
    func configuration() async throws {
        let output = try await run(Repository.tool("promtool"), "check", "config", Self.path("prometheus.yml"))
        #expect(output.contains("SUCCESS: 2 rule files found"))
    }

    private static func path(_ name: String) -> String {
        RuleFile.folder.appending(path: name).path(percentEncoded: false)
    }

    private static func allRules() throws -> [RuleFile.Rule] {
        try RuleFile(RuleFile.recording).rules + RuleFile(RuleFile.alerting).rules
    }
}

extension Array where Element: Hashable {
    /// The elements without those that were there before.
    fileprivate func deduplicated() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
