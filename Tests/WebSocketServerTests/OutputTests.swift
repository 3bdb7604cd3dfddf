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

    @Test("a Ping that comes when much is unflushed gets its Pong once that is written")
    func pongAfterLargeOutput() throws {
        let connection = try EmbeddedConnection()
        connection.client.reaction = { $0.sendText([UInt8](repeating: 0x61, count: 70_000)) }
        try connection.receive(.text("go"), .ping("here".utf8))
        #expect(try connection.written() == [])
        connection.connection.flush()
        #expect(connection.connection.bufferedBytes == 0, "the kernel did not take it all; the test proves nothing")
        let frames = try connection.written()
        #expect(frames.map(\.opcode) == [1, 10])
        #expect(frames.last?.payload.elementsEqual("here".utf8) == true)
        connection.finish()
    }
}
