import TestSupport

/// What the placeholders of one scenario stand for, learned from the server's answers.
///
///     <time> <port>           any number
///     <rx:N>                  a number: the same for the same N, ascending with N
///     <mailbox:N>             a string: the same for the same N, another for another N
///     <nameplate:N>           a string: the same for the same N
struct Placeholders {
    private var strings: [String: String] = [:]
    private var times: [Int: Double] = [:]

    /// Puts in what is known, in what a client sends.
    func filled(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(strings[text] ?? text)
        case .array(let elements): .array(elements.map(filled))
        case .object(let members): .object(members.mapValues(filled))
        case .null, .bool, .number: value
        }
    }

    /// Compares what came with what was recorded, and learns.
    ///
    /// - Returns: What is different, `nil` when nothing is.
    mutating func difference(expected: JSON, actual: JSON, at path: String = "frame") -> String? {
        switch (expected, actual) {
        case (.string(let text), _) where text.hasPrefix("<") && text.hasSuffix(">"):
            return matches(String(text.dropFirst().dropLast()), actual) ? nil : "\(path) is \(actual.text), not \(text)"
        case (.object(let members), .object(let others)):
            guard members.keys.sorted() == others.keys.sorted() else {
                return "\(path) has the keys \(others.keys.sorted()), not \(members.keys.sorted())"
            }
            for (key, member) in members {
                guard let other = others[key] else { continue }
                if let difference = difference(expected: member, actual: other, at: "\(path).\(key)") {
                    return difference
                }
            }
            return nil
        case (.array(let elements), .array(let others)):
            guard elements.count == others.count else { return "\(path) has \(others.count) elements: \(actual.text)" }
            // A list with values that the server has chosen comes in an order nobody could record.
            let isChosen = elements.contains { filled($0) != $0 }
            let left = isChosen ? elements.sorted { filled($0).text < filled($1).text } : elements
            let right = isChosen ? others.sorted { $0.text < $1.text } : others
            for (index, (element, other)) in zip(left, right).enumerated() {
                if let difference = difference(expected: element, actual: other, at: "\(path)[\(index)]") {
                    return difference
                }
            }
            return nil
        default:
            return expected == actual ? nil : "\(path) is \(actual.text), not \(expected.text)"
        }
    }

    private mutating func matches(_ placeholder: String, _ actual: JSON) -> Bool {
        let parts = placeholder.split(separator: ":")
        switch parts.first {
        case "time", "port": return actual.number != nil
        case "rx":
            guard let number = actual.number, let index = parts.last.flatMap({ Int($0) }) else { return false }
            if let known = times[index] { return known == number }
            times[index] = number
            return times.allSatisfy { ($0.key < index) == ($0.value < number) || $0.value == number }
        case "mailbox", "nameplate":
            guard case .string(let text) = actual else { return false }
            let name = "<\(placeholder)>"
            if let known = strings[name] { return known == text }
            let isTaken = strings.contains { $0.key.hasPrefix("<mailbox") && $0.value == text }
            guard !isTaken || parts.first == "nameplate" else { return false }
            strings[name] = text
            return true
        default:
            return false
        }
    }
}
