/// A single pass over one JSON text that checks every byte of it and keeps only what is asked for.
///
/// Strict by RFC 8259: no literals beyond `true`, `false` and `null`, no byte-order mark, no control characters in strings, no
/// lone surrogates, nothing behind the value. The input must be UTF-8 already, as a string's own bytes are.
///
/// The scanner never recurses beyond ``maximumDepth`` and allocates nothing but the strings it is asked to decode.
package struct JSONScanner {
    /// Levels of arrays and objects, counting the outermost: no client nests deeper than 4.
    package static let maximumDepth = 64

    /// What a value is, told by its first byte.
    package enum Kind: Sendable {
        case object, array, string, number, bool, null
    }

    package let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0

    /// - Parameter bytes: Valid UTF-8 that outlives the scanner.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    // MARK: Walking

    /// The byte at the position, or `nil` at the end. Skips blanks before it.
    package mutating func peek() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    /// Goes past `byte`, blanks before it included.
    package mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else { throw .syntax(offset: position) }
        position += 1
    }

    /// Checks that nothing but blanks is left.
    package mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else { throw .syntax(offset: position) }
    }

    /// Goes past one value of any kind, checking it.
    ///
    /// - Parameter depth: How many arrays and objects are open around it.
    /// - Returns: What it is, and where it stands.
    package mutating func value(depth: Int = 0) throws(JSONError) -> (kind: Kind, range: Range<Int>) {
        guard let first = peek() else { throw .syntax(offset: position) }
        let start = position
        let kind: Kind
        switch first {
        case UInt8(ascii: "{"):
            kind = .object
            try members(depth: depth) { (scanner, _) throws(JSONError) in _ = try scanner.value(depth: depth + 1) }
        case UInt8(ascii: "["):
            kind = .array
            try elements(depth: depth) { (scanner) throws(JSONError) in _ = try scanner.value(depth: depth + 1) }
        case UInt8(ascii: "\""):
            kind = .string
            _ = try stringToken()
        case UInt8(ascii: "t"):
            kind = .bool
            try literal("true")
        case UInt8(ascii: "f"):
            kind = .bool
            try literal("false")
        case UInt8(ascii: "n"):
            kind = .null
            try literal("null")
        default:
            kind = .number
            try number()
        }
        return (kind, start..<position)
    }

    /// Goes past an object, calling `body` before the value of each member; `body` must go past that value.
    package mutating func members(
        depth: Int = 0,
        _ body: (inout JSONScanner, _ key: JSONStringToken) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "{"))
        guard depth < Self.maximumDepth else { throw .tooDeep(offset: position) }
        guard peek() != UInt8(ascii: "}") else {
            position += 1
            return
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw .syntax(offset: position) }
            let key = try stringToken()
            try expect(UInt8(ascii: ":"))
            try body(&self, key)
            if peek() == UInt8(ascii: ",") {
                position += 1
            } else {
                return try expect(UInt8(ascii: "}"))
            }
        }
    }

    /// Goes past an array, calling `body` before each element; `body` must go past it.
    package mutating func elements(
        depth: Int = 0,
        _ body: (inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(UInt8(ascii: "["))
        guard depth < Self.maximumDepth else { throw .tooDeep(offset: position) }
        guard peek() != UInt8(ascii: "]") else {
            position += 1
            return
        }
        while true {
            try body(&self)
            if peek() == UInt8(ascii: ",") {
                position += 1
            } else {
                return try expect(UInt8(ascii: "]"))
            }
        }
    }

    // MARK: Scalars

    /// Goes past a string. The position must be at its opening quote.
    package mutating func stringToken() throws(JSONError) -> JSONStringToken {
        position += 1
        let start = position
        var isEscaped = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return JSONStringToken(range: start..<(position - 1), isEscaped: isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                try escape()
            } else {
                guard byte >= 0x20 else { throw .syntax(offset: position) }
                position += 1
            }
        }
        throw .syntax(offset: position)
    }

    /// Goes past one escape, and past the second half of a surrogate pair with its first.
    private mutating func escape() throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw .syntax(offset: position) }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if UTF16.isTrailSurrogate(unit) { throw .loneSurrogate(offset: start) }
            guard UTF16.isLeadSurrogate(unit) else { return }
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw .loneSurrogate(offset: start) }
            position += 1
            guard UTF16.isTrailSurrogate(try codeUnit()) else { throw .loneSurrogate(offset: start) }
        default:
            throw .syntax(offset: position)
        }
    }

    /// Goes past `uXXXX`; the position must be at the `u`.
    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        guard position + 4 < bytes.count else { throw .syntax(offset: bytes.count) }
        var unit: UInt16 = 0
        for offset in (position + 1)...(position + 4) {
            guard let digit = hexadecimalDigit(bytes[offset]) else { throw .syntax(offset: offset) }
            unit = unit << 4 | UInt16(digit)
        }
        position += 5
        return unit
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        guard bytes.count - position >= word.utf8CodeUnitCount else { throw .syntax(offset: bytes.count) }
        for offset in 0..<word.utf8CodeUnitCount where bytes[position + offset] != word.utf8Start[offset] {
            throw .syntax(offset: position + offset)
        }
        position += word.utf8CodeUnitCount
    }

    private mutating func number() throws(JSONError) {
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        guard position > start else { throw .syntax(offset: position) }
    }
}

/// The value of a hexadecimal digit of either case.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
