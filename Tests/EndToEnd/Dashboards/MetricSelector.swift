/// A metric as a PromQL expression selects it.
///
///     rate(wormhole_connections_accepted_total{component="mailbox"}[$__rate_interval])
///     function  metric                          matchers             range
struct MetricSelector: Hashable, Sendable {
    struct Matcher: Hashable, Sendable {
        let label: String
        let comparison: String
        let value: String

        init(_ label: String, _ comparison: String, _ value: String) {
            self.label = label
            self.comparison = comparison
            self.value = value
        }
    }

    let metric: String
    let matchers: [Matcher]
    /// What stands in brackets, such as `5m`.
    let range: String?
    /// The function or aggregation whose argument it is.
    let function: String?

    /// Every selector of an expression, in order. Grafana's variables may stand in strings and in ranges.
    ///
    /// Knows as much of PromQL as rules and dashboards use; whether an expression is valid, Prometheus tells.
    static func all(in expression: String) throws -> [MetricSelector] {
        var scanner = Scanner(expression)
        return try scanner.selectors()
    }
}

/// Walks over an expression once, from left to right.
private struct Scanner {
    private static let operators: Set = ["and", "or", "unless", "bool", "offset"]
    private static let labelLists: Set = ["by", "without", "on", "ignoring", "group_left", "group_right"]
    private static let aggregations: Set = [
        "sum", "min", "max", "avg", "count", "stddev", "topk", "bottomk", "quantile",
    ]

    private let expression: String
    private var rest: Substring
    /// The functions around this place, the innermost last; `nil` for mere parentheses.
    private var functions: [String?] = []
    /// An aggregation whose parenthesis comes after its labels.
    private var aggregation: String?

    init(_ expression: String) {
        self.expression = expression
        rest = expression[...]
    }

    mutating func selectors() throws -> [MetricSelector] {
        var result: [MetricSelector] = []
        while let character = rest.first {
            switch character {
            case "(":
                functions.append(aggregation)
                aggregation = nil
                rest.removeFirst()
            case ")":
                guard functions.popLast() != nil else { throw unexpected() }
                rest.removeFirst()
            case "\"":
                _ = try string()
            case _ where character.isNumber:
                // With the unit of a duration, or an exponent.
                rest = rest.drop { $0.isNumber || $0.isLetter || $0 == "." }
            case _ where Self.isPartOfName(character):
                if let selector = try selector(named: name()) { result.append(selector) }
            default:
                rest.removeFirst()
            }
        }
        guard functions.isEmpty else { throw unexpected() }
        return result
    }

    /// What a name begins; `nil` when it is no metric's.
    private mutating func selector(named name: String) throws -> MetricSelector? {
        if Self.labelLists.contains(name) {
            skipSpaces()
            if rest.first == "(" { _ = try upTo(")") }
            return nil
        }
        if Self.operators.contains(name) { return nil }
        if Self.aggregations.contains(name) {
            aggregation = name
            return nil
        }
        skipSpaces()
        if rest.first == "(" {
            rest.removeFirst()
            functions.append(name)
            return nil
        }
        let matchers = rest.first == "{" ? try self.matchers() : []
        let range = rest.first == "[" ? try upTo("]") : nil
        return MetricSelector(metric: name, matchers: matchers, range: range, function: functions.last ?? nil)
    }

    private mutating func matchers() throws -> [MetricSelector.Matcher] {
        var result: [MetricSelector.Matcher] = []
        rest.removeFirst()
        while true {
            rest = rest.drop { $0 == " " || $0 == "," }
            if rest.first == "}" { break }
            let label = name()
            let comparison = String(rest.prefix { "=!~".contains($0) })
            rest.removeFirst(comparison.count)
            guard !label.isEmpty, !comparison.isEmpty else { throw unexpected() }
            result.append(MetricSelector.Matcher(label, comparison, try string()))
        }
        rest.removeFirst()
        return result
    }

    private mutating func name() -> String {
        let name = rest.prefix(while: Self.isPartOfName)
        rest.removeFirst(name.count)
        return String(name)
    }

    /// The text in double quotes; nothing is escaped in ours.
    private mutating func string() throws -> String {
        guard rest.first == "\"" else { throw unexpected() }
        rest.removeFirst()
        guard let end = rest.firstIndex(of: "\"") else { throw unexpected() }
        defer { rest = rest[rest.index(after: end)...] }
        return String(rest[..<end])
    }

    /// What stands between this bracket and the next closing one.
    private mutating func upTo(_ bracket: Character) throws -> String {
        guard let end = rest.firstIndex(of: bracket) else { throw unexpected() }
        defer { rest = rest[rest.index(after: end)...] }
        return String(rest[..<end].dropFirst())
    }

    private mutating func skipSpaces() {
        rest = rest.drop(while: \.isWhitespace)
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == ":"
    }

    private func unexpected() -> UnreadableExpression {
        UnreadableExpression(expression: expression, rest: String(rest))
    }
}

/// An expression that is no PromQL, or more of it than is understood here.
struct UnreadableExpression: Error {
    let expression: String
    /// Where it stops making sense.
    let rest: String
}
