/// Appends JSON to a byte array: what the server says, built without an intermediate tree.
package struct JSONWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Forgets what was written and keeps the memory for the next message.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// Appends punctuation, keys, and other text that is JSON as it stands.
    package mutating func append(raw text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(_ value: JSONText) {
        append(utf8Of: value.text)
    }

    package mutating func append(_ number: Int) {
        append(digitsOf: number.magnitude, isNegative: number < 0)
    }

    /// Appends seconds since the epoch with six decimals, such as `1795233738.845414`.
    package mutating func append(_ time: Timestamp) {
        let (seconds, fraction) = time.microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        append(digitsOf: UInt(seconds), isNegative: time.microseconds < 0)
        bytes.append(UInt8(ascii: "."))
        var divisor: UInt64 = 100_000
        while divisor > 0 {
            bytes.append(0x30 + UInt8(fraction / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends a string with its quotes. Non-ASCII text stays as it is, control characters are escaped.
    package mutating func append(string text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            guard utf8.contains(where: Self.needsEscape) else {
                bytes.append(contentsOf: utf8)
                return
            }
            for byte in utf8 { append(escaped: byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a string, or `null`.
    package mutating func append(string text: String?) {
        if let text { append(string: text) } else { append(raw: "null") }
    }

    private mutating func append(utf8Of text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(escaped byte: UInt8) {
        guard Self.needsEscape(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            append(raw: "u00")
            bytes.append(Self.hexadecimalDigits[Int(byte >> 4)])
            bytes.append(Self.hexadecimalDigits[Int(byte & 0xF)])
        }
    }

    private mutating func append(digitsOf magnitude: UInt, isNegative: Bool) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        var divisor: UInt = 1
        while magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(0x30 + UInt8(magnitude / divisor % 10))
            divisor /= 10
        }
    }

    private static let hexadecimalDigits = Array("0123456789abcdef".utf8)
}
