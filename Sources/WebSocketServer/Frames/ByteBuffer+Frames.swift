package import NIOCore
package import NIOWebSocket

/// Server frames: FIN set, no mask.
///
///     1 byte 0x80|opcode    length: 1 byte (to 125), 0x7E and 2 bytes (to 65,535), 0x7F and 8 bytes    payload
///
/// Source: RFC 6455, section 5.2.
extension ByteBuffer {
    /// Appends the header of an unfragmented frame.
    package mutating func writeFrameHeader(_ opcode: WebSocketOpcode, length: Int) {
        let first = 0x80 | UInt8(webSocketOpcode: opcode)
        switch length {
        case ..<126: writeMultipleIntegers(first, UInt8(length))
        case ..<65536: writeMultipleIntegers(first, UInt8(126), UInt16(length))
        default: writeMultipleIntegers(first, UInt8(127), UInt64(length))
        }
    }

    /// Appends an unfragmented frame whose payload `body` appends, without knowing its length before.
    ///
    /// Room is left for the header of a medium payload; a short or a long one is moved once.
    ///
    /// - Throws: What `body` throws; the buffer is then as before.
    package mutating func writeFrame<Failure: Error>(
        _ opcode: WebSocketOpcode,
        _ body: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        let start = writerIndex
        let room = 4
        writeRepeatingByte(0, count: room)
        do throws(Failure) {
            try body(&self)
        } catch {
            moveWriterIndex(to: start)
            throw error
        }
        let length = writerIndex - start - room
        let header = length < 126 ? 2 : length < 65536 ? 4 : 10
        if header != room { move(length, from: start + room, to: start + header) }
        moveWriterIndex(to: start)
        writeFrameHeader(opcode, length: length)
        moveWriterIndex(to: start + header + length)
    }

    /// Moves `count` bytes within the buffer, making room where need be.
    private mutating func move(_ count: Int, from source: Int, to target: Int) {
        if target > source { writeRepeatingByte(0, count: target - source) }
        let base = readerIndex
        withUnsafeMutableReadableBytes { bytes in
            guard count > 0, let start = bytes.baseAddress else { return }
            (start + (target - base)).copyMemory(from: start + (source - base), byteCount: count)
        }
    }

    /// Appends a Close frame; a reason too long for a control frame is cut at a character's end.
    package mutating func writeCloseFrame(_ code: WebSocketErrorCode, reason: String = "") {
        var text = Substring(reason)
        while text.utf8.count > 123 { text.removeLast() }
        writeFrameHeader(.connectionClose, length: 2 + text.utf8.count)
        writeInteger(UInt16(webSocketErrorCode: code))
        writeSubstring(text)
    }
}
