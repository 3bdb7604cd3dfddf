import WormholeWire

/// A JSON value. The members of an object stand in the order in which they were written.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// - Returns: `nil` for what is no JSON, and for arrays and objects too deep inside each other.
    package init?(parsing bytes: [UInt8]) {
        guard var text = String(validating: bytes, as: UTF8.self) else { return nil }
        let value: JSONValue? = text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            do throws(JSONError) {
                let value = try Self.scan(&scanner, depth: 0)
                try scanner.expectEnd()
                return value
            } catch {
                return nil
            }
        }
        guard let value else { return nil }
        self = value
    }

    private static func scan(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> JSONValue {
        switch scanner.peek() {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            try scanner.members(depth: depth) { (scanner, key) throws(JSONError) in
                let name = scanner.text(of: key)
                members.append(Member(name, try scan(&scanner, depth: depth + 1)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try scanner.elements(depth: depth) { (scanner) throws(JSONError) in
                elements.append(try scan(&scanner, depth: depth + 1))
            }
            return .array(elements)
        case UInt8(ascii: "\""):
            let token = try scanner.stringToken()
            return .string(scanner.text(of: token))
        default:
            let (kind, range) = try scanner.value(depth: depth)
            let text = String(decoding: scanner.bytes[range], as: UTF8.self)
            switch kind {
            case .null: return .null
            case .bool: return .bool(text == "true")
            case .number: return Self.scanned(number: text)
            // The first byte has told.
            case .object, .array, .string: preconditionFailure("a scalar that is none")
            }
        }
    }

    /// A number without a fraction is a whole one, however it is written. Source: JSON Schema 2020-12, section 4.2.3.
    private static func scanned(number text: String) -> JSONValue {
        if let whole = Int(text) { return .integer(whole) }
        let number = Double(text) ?? 0
        return Int(exactly: number).map { .integer($0) } ?? .number(number)
    }

    /// A member of an object; `nil` when there is none, and for what is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var integer: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// Of a whole number, too.
    package var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        case .null, .bool, .string, .array, .object: nil
        }
    }

    // MARK: Writing

    /// As text, without line ends inside.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let number): text += String(number)
        case .number(let number): text += number.isFinite ? number.description : "null"
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                Self.write(member.name, to: &text)
                text += ": "
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue {
    /// `null` for no value.
    package init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    package init(_ number: Double?) { self = number.map { .number($0) } ?? .null }
    package init(_ number: Int?) { self = number.map { .integer($0) } ?? .null }
}
