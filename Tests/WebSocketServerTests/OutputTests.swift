import LinuxIO
import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("Output")
struct OutputTests {
    @Test(
        "what waits for a client that has stopped reading takes no more memory than its bytes",
        arguments: [100, 16 << 10]
    )
    func stalledReader(size: Int) throws {
        let reader = try EmbeddedConnection()
        let stalled = try EmbeddedConnection(beside: reader)
        let first = ByteBuffer(repeating: 0x61, count: 1 << 20)
        let payload = ByteBuffer(repeating: 0x62, count: size)
        let large = [UInt8](repeating: 0x63, count: 150_000)
        stalled.connection.send(first, as: .binary)
        stalled.connection.flush()
        try #require(stalled.connection.bufferedBytes > 0)
        let before = HeapUse.bytes
        for _ in 0..<200 {
            // Written at once, so that the large buffer is to be had again.
            reader.connection.sendText(large)
            reader.connection.flush()
            #expect(reader.take().count == large.count + 10)
            stalled.connection.send(payload, as: .binary)
            stalled.connection.flush()
        }
        #expect(HeapUse.bytes - before < 1 << 20)
        // All of it comes, and in order.
        var expected = ByteBuffer()
        expected.writeFrameHeader(.binary, length: first.readableBytes)
        expected.writeImmutableBuffer(first)
        for _ in 0..<200 {
            expected.writeFrameHeader(.binary, length: size)
            expected.writeImmutableBuffer(payload)
        }
        var received = ByteBuffer()
        while case let bytes = stalled.take(), !bytes.isEmpty {
            received.writeBytes(bytes)
            stalled.pass(.zero)
        }
        #expect(received == expected)
        reader.finish()
        stalled.finish()
    }
}
