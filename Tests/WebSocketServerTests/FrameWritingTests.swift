import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("Frames of the server")
struct FrameWritingTests {
    private struct Refusal: Error {}

    @Test(
        "have the shortest header, however they are written",
        arguments: [0, 1, 125, 126, 127, 65535, 65536, 100_000]
    )
    func sizes(size: Int) throws {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let expected = WebSocketTestFrame(opcode: 1, payload: payload, mask: nil).bytes
        var known = ByteBuffer(string: "before")
        known.writeFrameHeader(.text, length: size)
        known.writeBytes(payload)
        #expect(Array(known.readableBytesView) == Array("before".utf8) + expected)
        var unknown = ByteBuffer(string: "before")
        unknown.writeFrame(.text) { buffer in
            // In parts, so that the buffer grows under way.
            for part in stride(from: 0, to: size, by: 1000) {
                buffer.writeBytes(payload[part..<min(part + 1000, size)])
            }
        }
        unknown.writeString("behind")
        #expect(Array(unknown.readableBytesView) == Array("before".utf8) + expected + Array("behind".utf8))
        // With a part of the buffer already read.
        unknown.moveReaderIndex(forwardBy: 3)
        unknown.writeFrame(.text) { $0.writeBytes(payload) }
        #expect(Array(unknown.readableBytesView.suffix(expected.count)) == expected)
    }

    @Test("leave no trace when they cannot be finished")
    func throwing() {
        var buffer = ByteBuffer(string: "before")
        #expect(throws: Refusal.self) {
            try buffer.writeFrame(.text) { (buffer: inout ByteBuffer) throws(Refusal) in
                buffer.writeString("half")
                throw Refusal()
            }
        }
        #expect(String(buffer: buffer) == "before")
    }

    @Test("carry a Close reason of at most 123 bytes, cut at a character")
    func closeReason() throws {
        var buffer = ByteBuffer()
        buffer.writeCloseFrame(.goingAway, reason: String(repeating: "ü", count: 100))
        var bytes = Array(buffer.readableBytesView)
        let frame = try #require(WebSocketTestFrame.take(from: &bytes))
        #expect(frame.closeCode == 1001 && frame.payload.count == 124)
        #expect(String(validating: frame.payload.dropFirst(2), as: UTF8.self) == String(repeating: "ü", count: 61))
    }
}
