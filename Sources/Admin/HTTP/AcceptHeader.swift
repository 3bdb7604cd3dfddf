/// What kinds of answer a client takes, and which it likes best.
///
///     application/openmetrics-text;version=1.0.0;q=0.8, text/plain;q=0.5, */*;q=0.1
///
/// Source: RFC 9110, sections 5.6 and 12.5.1. What is no media range is passed over.
struct AcceptHeader: Equatable, Sendable {
    /// One element of the list.
    struct MediaRange: Equatable, Sendable {
        /// Lower case; `*` for any.
        let type: String
        let subtype: String
        /// In the order they came, without the weight; names in lower case.
        let parameters: [Parameter]
        /// From 0, which refuses it, to 1.
        let weight: Double

        /// The value of a parameter; `nil` when there is none.
        func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

        /// 0 for any type at all, 1 for any subtype, 2 for one kind.
        var precision: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }
    }

    struct Parameter: Equatable, Sendable {
        let name: String
        let value: String
    }

    /// Elements that are looked at; nobody has as many.
    static let maximumRanges = 32

    let ranges: [MediaRange]

    init(_ value: String) {
        ranges = Self.split(value[...], at: ",").prefix(Self.maximumRanges).compactMap(MediaRange.init)
    }

    /// The pieces between separators that stand outside of quotes.
    fileprivate static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == separator, !isQuoted {
                pieces.append(text[start..<index])
                start = text.index(after: index)
            }
        }
        pieces.append(text[start...])
        return pieces
    }
}

extension AcceptHeader.MediaRange {
    /// - Returns: `nil` for what is no media range.
    fileprivate init?(_ text: Substring) {
        let pieces = AcceptHeader.split(text, at: ";").map(\.withoutBlanks)
        let kind = pieces[0].split(separator: "/", omittingEmptySubsequences: false)
        guard kind.count == 2, kind.allSatisfy(\.isToken), kind[0] != "*" || kind[1] == "*" else { return nil }
        var parameters: [AcceptHeader.Parameter] = []
        var weight = 1.0
        for piece in pieces.dropFirst() where !piece.isEmpty {
            guard let equals = piece.firstIndex(of: "=") else { return nil }
            let name = piece[..<equals].withoutBlanks
            let value = piece[piece.index(after: equals)...].withoutBlanks
            guard name.isToken else { return nil }
            if name.lowercased() == "q" {
                guard let number = Double(value), (0...1).contains(number) else { return nil }
                weight = number
            } else {
                parameters.append(.init(name: name.lowercased(), value: value.unquoted))
            }
        }
        self.init(
            type: kind[0].lowercased(),
            subtype: kind[1].lowercased(),
            parameters: parameters,
            weight: weight
        )
    }
}

extension Substring {
    fileprivate var withoutBlanks: Substring {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return self[first...last]
    }

    /// Source: RFC 9110, section 5.6.2.
    fileprivate var isToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    fileprivate var unquoted: String {
        guard utf8.count >= 2, first == "\"", last == "\"" else { return String(self) }
        var text = ""
        var isEscaped = false
        for character in dropFirst().dropLast() {
            if !isEscaped, character == "\\" {
                isEscaped = true
            } else {
                isEscaped = false
                text.append(character)
            }
        }
        return text
    }
}
