/// Checks bytes that come in pieces for being UTF-8, and fails at the first byte that cannot be part of it.
///
/// Well-formed sequences, by their first byte. Only the second byte has a range of its own; every other is 80..BF.
///
///     00..7F                   E0  A0..BF  ..        F0  90..BF  ..  ..
///     C2..DF  80..BF           ED  80..9F  ..        F4  80..8F  ..  ..
///                     other E1..EF 80..BF  ..    F1..F3  80..BF  ..  ..
///
/// Source: The Unicode Standard, table 3-7; RFC 3629.
struct UTF8Check: Equatable {
    /// Bytes the sequence at hand still lacks.
    private var missing: UInt8 = 0
    /// What the next of them may be.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// Whether the bytes so far end at the end of a character.
    var isComplete: Bool { missing == 0 }

    /// Looks at the next bytes.
    ///
    /// - Returns: `false` when what has come cannot be the beginning of UTF-8.
    mutating func accepts(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if missing == 0 {
                while index &+ 8 <= count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index &+= 8
                }
                guard index < count else { break }
                guard begins(with: bytes[index]) else { return false }
            } else {
                let byte = bytes[index]
                guard byte >= lowest, byte <= highest else { return false }
                missing &-= 1
                lowest = 0x80
                highest = 0xBF
            }
            index &+= 1
        }
        return true
    }

    /// Takes the first byte of a character.
    private mutating func begins(with byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF: missing = 2
        case 0xF0...0xF4: missing = 3
        default: return false
        }
        switch byte {
        case 0xE0: lowest = 0xA0
        case 0xED: highest = 0x9F
        case 0xF0: lowest = 0x90
        case 0xF4: highest = 0x8F
        default: break
        }
        return true
    }
}
