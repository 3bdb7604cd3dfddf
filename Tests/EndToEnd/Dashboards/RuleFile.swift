import Foundation

/// A file of Prometheus rules, read as the generator writes it: one key a line, expressions as indented blocks.
struct RuleFile: Sendable {
    /// A recording rule or an alert.
    struct Rule: Sendable, CustomStringConvertible {
        /// What the rule is called as an alert or as a recorded series.
        let name: String
        let isAlert: Bool
        var expression = ""
        /// Labels and annotations, and the keys of the rule itself.
        var facts: [String: String] = [:]

        var description: String { name }
    }

    static let folder = Repository.root.appending(path: "dashboards/prometheus")
    static let recording = "recording.rules.yml"
    static let alerting = "alerting.rules.yml"

    let rules: [Rule]

    /// - Parameter name: The file's, in the folder of the rules.
    init(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        var rules: [Rule] = []
        for line in text.split(separator: "\n") {
            if let match = line.wholeMatch(of: /\ {6}- (alert|record): (.+)/) {
                rules.append(Rule(name: String(match.2), isAlert: match.1 == "alert"))
            } else if let last = rules.indices.last, let match = line.wholeMatch(of: /(?:\ {8}|\ {10})(\w+): (.+)/),
                match.1 != "expr"
            {
                rules[last].facts[String(match.1)] = match.2.trimmingCharacters(in: ["'"])
            } else if let last = rules.indices.last, line.hasPrefix("          ") {
                rules[last].expression += line.drop { $0 == " " } + "\n"
            }
        }
        self.rules = rules
    }
}
