/// A piece of HTML. Text put into it is escaped; only other pieces are not.
///
///     let cell: HTML = "<td>\(name)</td>"
struct HTML: Equatable, Sendable, ExpressibleByStringInterpolation {
    private(set) var text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ plain: String) { text += plain.escapedHTML }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { text += piece.text } }
    }
}

extension String {
    /// Scalar by scalar, so that a sign that is part of a larger character is found as well. What may not stand in HTML
    /// at all becomes the replacement character.
    fileprivate var escapedHTML: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\t", "\n": text.unicodeScalars.append(scalar)
            default: text.unicodeScalars.append(scalar.isAllowedInHTML ? scalar : "\u{FFFD}")
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Source: HTML, "13.2.3.5 Preprocessing the input stream".
    fileprivate var isAllowedInHTML: Bool {
        switch value {
        case ..<0x20, 0x7F..<0xA0, 0xFDD0...0xFDEF: false
        default: value & 0xFFFE != 0xFFFE
        }
    }
}
