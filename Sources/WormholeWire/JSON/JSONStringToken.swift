/// Where a string stands in a scanned JSON text, between its quotes.
package struct JSONStringToken: Sendable {
    package let range: Range<Int>
    /// Whether it holds escapes, and so is not yet the text it stands for.
    package let isEscaped: Bool
}

extension JSONScanner {
    /// The text a string of this JSON stands for.
    package func text(of token: JSONStringToken) -> String {
        let raw = UnsafeBufferPointer(rebasing: bytes[token.range])
        guard token.isEscaped else { return String(decoding: raw, as: UTF8.self) }
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(raw.count)
        var offset = 0
        while offset < raw.count {
            guard raw[offset] == UInt8(ascii: "\\") else {
                unescaped.append(raw[offset])
                offset += 1
                continue
            }
            switch raw[offset + 1] {
            case UInt8(ascii: "b"): unescaped.append(0x08)
            case UInt8(ascii: "f"): unescaped.append(0x0C)
            case UInt8(ascii: "n"): unescaped.append(0x0A)
            case UInt8(ascii: "r"): unescaped.append(0x0D)
            case UInt8(ascii: "t"): unescaped.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = Self.scalar(in: raw, at: offset)
                unescaped.append(contentsOf: Array(String(Character(scalar)).utf8))
                offset += length
                continue
            default: unescaped.append(raw[offset + 1])
            }
            offset += 2
        }
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// The scalar of the `\u` escape at `offset`, and how many bytes it takes with the second half of a pair.
    ///
    /// The scan has seen that the digits are digits and that the halves belong together.
    private static func scalar(in raw: UnsafeBufferPointer<UInt8>, at offset: Int) -> (Unicode.Scalar, length: Int) {
        func unit(at offset: Int) -> UInt32 {
            raw[(offset + 2)..<(offset + 6)].reduce(0) { $0 << 4 | UInt32(hexadecimalDigit($1) ?? 0) }
        }
        let first = unit(at: offset)
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        let second = unit(at: offset + 6)
        return (Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF) ?? "\u{FFFD}", 12)
    }
}
