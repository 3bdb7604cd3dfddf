/// The characters tokens and sides are made of.
enum WordCharacters {
    /// Sixteen of them as one number.
    ///
    /// - Returns: `nil` when one is not of `[0-9A-Za-z_]`.
    static func pack(_ text: Span<UInt8>) -> UInt128? {
        var packed: UInt128 = 0
        for index in text.indices {
            guard contains(text[index]) else { return nil }
            packed = packed << 8 | UInt128(text[index])
        }
        return packed
    }

    private static func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}
