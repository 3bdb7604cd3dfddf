/// One frame of a server, in the bytes that hold it.
///
///     opcode 1 byte (0x80: last) | length 1, 3 or 9 bytes (0x80: masked) | mask 4 bytes, of clients only | payload
///
/// Source: RFC 6455, section 5.2.
struct WebSocketFrame {
    let opcode: UInt8
    /// Valid as long as the bytes it was read from.
    let payload: UnsafeRawBufferPointer
    /// Of the frame with its head.
    let length: Int

    /// - Returns: `nil` when the frame is not complete.
    /// - Throws: For a frame no server may send.
    init?(_ bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard bytes.count >= 2 else { return nil }
        guard bytes[0] & 0xF0 == 0x80, bytes[1] & 0x80 == 0 else {
            throw BenchmarkError("a frame that begins with \(bytes[0]), \(bytes[1])")
        }
        let short = Int(bytes[1])
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + extra else { return nil }
        let count = extra == 0 ? short : bytes[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        guard count < 64 << 20 else { throw BenchmarkError("a frame of \(count) bytes") }
        length = 2 + extra + count
        guard bytes.count >= length else { return nil }
        opcode = bytes[0] & 0x0F
        payload = UnsafeRawBufferPointer(rebasing: bytes[(2 + extra)..<length])
    }

    /// The code and the reason of a Close.
    var closeDescription: String {
        guard payload.count >= 2 else { return "no code" }
        return "\(Int(payload[0]) << 8 | Int(payload[1])) \(String(decoding: payload[2...], as: UTF8.self))"
    }

    /// Writes a client's frame.
    ///
    /// - Parameter mask: Its first byte is the lowest.
    static func append(_ payload: some Collection<UInt8>, opcode: UInt8, mask: UInt32, to bytes: inout [UInt8]) {
        bytes.append(0x80 | opcode)
        switch payload.count {
        case ..<126:
            bytes.append(0x80 | UInt8(payload.count))
        case ..<65_536:
            bytes += [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(0xFF)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        var rolling = mask
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: mask >> shift)) }
        for byte in payload {
            bytes.append(byte ^ UInt8(truncatingIfNeeded: rolling))
            rolling = rolling >> 8 | rolling << 24
        }
    }
}
