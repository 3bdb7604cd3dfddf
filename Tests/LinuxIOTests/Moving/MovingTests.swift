import Glibc
import LinuxIO
import Testing

@Suite
struct MovingTests {
    @Test("bytes, nothing, the end and a failure are told apart")
    func transfers() {
        let pair = SocketPair()
        let empty = withBuffer(16) { pair.right.receive(into: $0) }
        #expect(empty == .wouldBlock)
        let sent = pair.left.sendText("hello")
        #expect(sent == .moved(5))
        let readable = pair.right.readableBytes
        #expect(readable == 5)
        let received = withBuffer(16) { buffer in
            (pair.right.receive(into: buffer), String(decoding: buffer[..<5], as: UTF8.self))
        }
        #expect(received == (.moved(5), "hello"))
        pair.left.finishSending()
        let end = withBuffer(16) { pair.right.receive(into: $0) }
        #expect(end == .ended)
        let refused = pair.left.sendText("more")
        #expect(refused == .failed(.brokenPipe))
    }

    @Test("a reset is a failure, not an end")
    func reset() {
        let pair = SocketPair()
        _ = pair.left.sendText("never read")
        let left = pair.takeLeft()
        let result = withBuffer(16) { left.receive(into: $0) }
        #expect(result == .failed(.connectionReset))
    }

    @Test("a full socket takes what it can and then nothing")
    func full() {
        let pair = SocketPair()
        let result = withBuffer(1 << 20) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            var total = 0
            while case .moved(let count) = pair.left.send(UnsafeRawBufferPointer(buffer)) { total += count }
            return (total, pair.left.send(UnsafeRawBufferPointer(buffer)))
        }
        #expect(result.0 > 0)
        #expect(result.1 == .wouldBlock)
        let unconfirmed = pair.left.unconfirmedBytes
        #expect(unconfirmed > 0)
    }

    @Test("a pipe has the size it was asked for, and carries bytes from socket to socket")
    func pipes() throws {
        let pipe = try Pipe(capacity: 256 << 10)
        let capacity = pipe.capacity
        #expect(capacity == 256 << 10 || capacity < 256 << 10)
        #expect(capacity >= 4096)
        let source = SocketPair()
        let sink = SocketPair()
        let nothing = pipe.fill(from: source.right, upTo: capacity)
        #expect(nothing == .wouldBlock)
        _ = source.left.sendText("through the pipe")
        let filled = pipe.fill(from: source.right, upTo: capacity)
        #expect(filled == .moved(16))
        let emptied = pipe.empty(16, into: sink.left)
        #expect(emptied == .moved(16))
        let received = withBuffer(32) { buffer in
            (sink.right.receive(into: buffer), String(decoding: buffer[..<16], as: UTF8.self))
        }
        #expect(received == (.moved(16), "through the pipe"))
        source.left.finishSending()
        let ended = pipe.fill(from: source.right, upTo: capacity)
        #expect(ended == .ended)
    }
}
