/// A flat JSON object on one line, its members in the order in which they were added.
package struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    package init() {}

    package mutating func add(_ key: String, _ value: String?) {
        addKey(key)
        if let value { addString(value) } else { bytes += "null".utf8 }
    }

    /// As short as it can be read back exactly; what JSON has no word for is null.
    package mutating func add(_ key: String, _ value: Double?) {
        addKey(key)
        if let value, value.isFinite { bytes += value.description.utf8 } else { bytes += "null".utf8 }
    }

    package mutating func add(_ key: String, _ value: UInt64) {
        addKey(key)
        bytes += String(value).utf8
    }

    package mutating func add(_ key: String, _ value: Bool) {
        addKey(key)
        bytes += (value ? "true" : "false").utf8
    }

    /// The object and a line end.
    package var line: [UInt8] { bytes + "}\n".utf8 }

    private mutating func addKey(_ key: String) {
        if bytes.count > 1 { bytes += ", ".utf8 }
        addString(key)
        bytes += ": ".utf8
    }

    /// Quotes, backslashes and control characters are escaped; everything else is UTF-8 already.
    private mutating func addString(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"):
                bytes += "\\n".utf8
            case ..<0x20, 0x7F:
                bytes += "\\u00".utf8
                bytes += [Self.hexadecimal[Int(byte >> 4)], Self.hexadecimal[Int(byte & 15)]]
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)
}
