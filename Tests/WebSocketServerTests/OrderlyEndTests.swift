import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The orderly end")
struct OrderlyEndTests {
    /// A connection whose client has sent Close with so much on its way to it.
    private func ending(with size: Int) throws -> EmbeddedConnection {
        let connection = try EmbeddedConnection {
            $0.closeTimeout = .seconds(5)
            $0.drainTimeout = .seconds(2)
        }
        try connection.narrow()
        connection.connection.send(ByteBuffer(repeating: 0x61, count: size), as: .binary)
        connection.connection.flush()
        try connection.receive(.close(1000))
        #expect(connection.client.causes == [.clientClose(.normalClosure)] && connection.isOpen)
        return connection
    }

    @Test("a client that takes its bytes in drops is cut off in the end")
    func drops() throws {
        let connection = try ending(with: 1 << 20)
        var seconds = 0
        var taken = 0
        while connection.isOpen, seconds < 120 {
            for _ in 0..<4 {
                taken += connection.take(atMost: 2048).count
                connection.pass(.milliseconds(250))
            }
            seconds += 1
        }
        // Eight times the timeout, and once more for each 256 KiB; looked at every half of a second.
        #expect((60...62).contains(seconds))
        #expect(taken > 100_000, "it stood still; the test proves nothing")
        connection.finish()
    }

    @Test("a client on a poor line gets 64 KiB, which takes it far longer than the timeout")
    func poorLine() throws {
        let size = 64 << 10
        let connection = try ending(with: size)
        var received: [UInt8] = []
        var seconds = 0
        while received.count < size + 14, seconds < 60 {
            for _ in 0..<4 {
                received += connection.take(atMost: 512)
                connection.pass(.milliseconds(250))
            }
            seconds += 1
        }
        #expect(received.count == size + 14 && received.suffix(4) == [0x88, 2, 0x03, 0xE8])
        #expect(seconds > 30)
        connection.pass(.seconds(3))
        #expect(!connection.isOpen)
        connection.finish()
    }
}
