/// One WebSocket frame, right or wrong in any way a test wants.
///
///     byte 0: FIN RSV1 RSV2 RSV3 opcode(4)    byte 1: MASK length(7)    [length(16|64)]  [mask(32)]  payload
///
/// Source: RFC 6455, section 5.2.
package struct WebSocketTestFrame: Sendable, Equatable, CustomStringConvertible {
    package var isFinal = true
    /// RSV1 to RSV3 as a number from 0 to 7.
    package var reserved: UInt8 = 0
    package var opcode: UInt8
    /// What the payload is masked with; `nil` for an unmasked frame.
    package var mask: [UInt8]?
    package var payload: [UInt8]
    /// The length the header tells, where it is not the payload's.
    package var announcedLength: UInt64?

    package init(
        opcode: UInt8,
        payload: some Sequence<UInt8>,
        isFinal: Bool = true,
        reserved: UInt8 = 0,
        mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D],
        announcedLength: UInt64? = nil
    ) {
        self.opcode = opcode
        self.payload = Array(payload)
        self.isFinal = isFinal
        self.reserved = reserved
        self.mask = mask
        self.announcedLength = announcedLength
    }

    package static func text(_ text: String, isFinal: Bool = true) -> Self {
        Self(opcode: 1, payload: text.utf8, isFinal: isFinal)
    }
    package static func text(bytes: some Sequence<UInt8>, isFinal: Bool = true) -> Self {
        Self(opcode: 1, payload: bytes, isFinal: isFinal)
    }
    package static func binary(_ bytes: some Sequence<UInt8>, isFinal: Bool = true) -> Self {
        Self(opcode: 2, payload: bytes, isFinal: isFinal)
    }
    package static func continuation(_ bytes: some Sequence<UInt8>, isFinal: Bool = true) -> Self {
        Self(opcode: 0, payload: bytes, isFinal: isFinal)
    }
    package static func ping(_ bytes: some Sequence<UInt8> = []) -> Self { Self(opcode: 9, payload: bytes) }
    package static func pong(_ bytes: some Sequence<UInt8> = []) -> Self { Self(opcode: 10, payload: bytes) }
    /// - Parameter code: `nil` for an empty payload.
    package static func close(_ code: UInt16?, reason: some Sequence<UInt8> = []) -> Self {
        let payload: [UInt8] = code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + Array(reason) } ?? []
        return Self(opcode: 8, payload: payload)
    }

    /// The frame as it goes over the wire.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | (reserved & 7) << 4 | (opcode & 15)]
        let length = announcedLength ?? UInt64(payload.count)
        let masked: UInt8 = mask == nil ? 0 : 0x80
        switch length {
        case ..<126: bytes.append(masked | UInt8(length))
        case ..<65536: bytes += [masked | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default: bytes += [masked | 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
        }
        if let mask {
            bytes += mask
            bytes.reserveCapacity(bytes.count + payload.count)
            for (offset, byte) in payload.enumerated() { bytes.append(byte ^ mask[offset & 3]) }
        } else {
            bytes += payload
        }
        return bytes
    }

    /// The payload as text.
    package var text: String { String(decoding: payload, as: UTF8.self) }

    /// The code of a Close frame, if it carries one.
    package var closeCode: UInt16? {
        guard opcode == 8, payload.count >= 2 else { return nil }
        return UInt16(payload[0]) << 8 | UInt16(payload[1])
    }

    /// Takes the first frame off `bytes`.
    ///
    /// - Returns: `nil`, and `bytes` untouched, while the frame is incomplete.
    package static func take(from bytes: inout [UInt8]) -> Self? {
        guard bytes.count >= 2 else { return nil }
        var offset = 2
        var length = Int(bytes[1] & 0x7F)
        if length >= 126 {
            let extended = length == 126 ? 2 : 8
            guard bytes.count >= offset + extended else { return nil }
            length = bytes[offset..<offset + extended].reduce(0) { $0 << 8 | Int($1) }
            offset += extended
        }
        var mask: [UInt8]?
        if bytes[1] & 0x80 != 0 {
            guard bytes.count >= offset + 4 else { return nil }
            mask = Array(bytes[offset..<offset + 4])
            offset += 4
        }
        guard bytes.count - offset >= length else { return nil }
        var payload = Array(bytes[offset..<offset + length])
        if let mask { for index in payload.indices { payload[index] ^= mask[index & 3] } }
        let frame = Self(
            opcode: bytes[0] & 15,
            payload: payload,
            isFinal: bytes[0] & 0x80 != 0,
            reserved: bytes[0] >> 4 & 7,
            mask: mask
        )
        bytes.removeFirst(offset + length)
        return frame
    }

    package var description: String {
        let content = payload.count <= 125 ? "\"\(text)\"" : "\(payload.count) bytes"
        let code = closeCode.map { " \($0)" } ?? ""
        return "frame(opcode \(opcode)\(code), fin \(isFinal), rsv \(reserved), masked \(mask != nil), \(content))"
    }
}
