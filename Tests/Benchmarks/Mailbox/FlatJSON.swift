/// The keys and values of one JSON object, read without building anything.
///
/// A string comes without its quotes, everything else as it is written. Nothing a load generator sends comes back with an
/// escape, so there are none: an object with one is read wrongly, and found wrong by whoever compares it.
struct FlatJSON: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Parameter bytes: Valid as long as this is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func next() -> (key: String, value: String)? {
        guard skip(to: UInt8(ascii: "\"")), let key = string(), skip(to: UInt8(ascii: ":")) else { return nil }
        position += 1
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
        guard position < bytes.count else { return nil }
        if bytes[position] == UInt8(ascii: "\"") { return string().map { (key, $0) } }
        return (key, nested())
    }

    private mutating func skip(to byte: UInt8) -> Bool {
        while position < bytes.count {
            if bytes[position] == byte { return true }
            position += 1
        }
        return false
    }

    private mutating func string() -> String? {
        position += 1
        let start = position
        guard skip(to: UInt8(ascii: "\"")) else { return nil }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Everything up to the comma or the brace behind it.
    private mutating func nested() -> String {
        let start = position
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return String(decoding: bytes[start..<position], as: UTF8.self) }
                depth -= 1
            case UInt8(ascii: ","):
                if depth == 0 { return String(decoding: bytes[start..<position], as: UTF8.self) }
            default: break
            }
            position += 1
        }
        return String(decoding: bytes[start...], as: UTF8.self)
    }
}
