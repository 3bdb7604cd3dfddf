import Glibc
import LinuxIO
import NIOCore
import TestSupport
import Testing

@testable import Sockets

@Suite("A stream socket on a loop")
struct StreamSocketTests {
    /// A socket whose other end is in the test's hand, on a loop without a thread.
    private final class Rig: StreamSocketOwner {
        let loop: SocketLoop
        let socket: StreamSocket
        let peer: CInt
        var takesInput = true
        var received: [UInt8] = []
        var reads = 0
        var hasEnded = false
        var closings = 0
        var writability: [Bool] = []
        var timers = 0

        init(highWaterMark: Int = 1000) throws {
            loop = try SocketLoop(manualFrom: .uptimeNanoseconds(1))
            var ends: [CInt] = [0, 0]
            try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
            peer = ends[1]
            socket = try StreamSocket(
                Descriptor(owning: ends[0]),
                peer: nil,
                on: loop,
                highWaterMark: highWaterMark
            )
            socket.owner = self
        }

        func streamSocket(received bytes: inout ByteBuffer) { received += bytes.readableBytesView }
        func streamSocketReadCompleted() { reads += 1 }
        func streamSocketInputEnded() { hasEnded = true }
        func streamSocketWritabilityChanged() { writability.append(socket.isWritable) }
        func streamSocketTimerFired() { timers += 1 }
        func streamSocketClosed() { closings += 1 }

        func peerWrites(_ bytes: [UInt8]) throws {
            try #require(Glibc.write(peer, bytes, bytes.count) == bytes.count)
        }

        func peerReads() -> [UInt8] {
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(peer, &buffer, buffer.count)
                guard count > 0 else { return all }
                all += buffer[..<count]
            }
        }

        /// Lets the last turns pass, and checks that the owner is told of the end once and is let go.
        func finish() {
            socket.close()
            loop.turn()
            #expect(closings == 1 && socket.owner == nil && !socket.isOpen)
            Glibc.close(peer)
        }
    }

    @Test("reads what comes, and nothing while its owner takes nothing")
    func reading() throws {
        let rig = try Rig()
        try rig.peerWrites(Array("one".utf8))
        rig.loop.turn()
        rig.takesInput = false
        try rig.peerWrites(Array("two".utf8))
        rig.loop.turn()
        #expect(rig.received == Array("one".utf8) && rig.reads == 1)
        rig.takesInput = true
        rig.loop.turn()
        #expect(rig.reads == 1, "nobody said that it is taken again")
        rig.socket.readOn()
        rig.socket.readOn()
        #expect(rig.reads == 1, "not from within the call")
        rig.loop.turn()
        #expect(rig.received == Array("onetwo".utf8) && rig.reads == 2)
        rig.finish()
    }

    @Test("reads a lot in as many turns as it takes, and then the end, once")
    func bulkAndEnd() throws {
        let rig = try Rig()
        let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try rig.peerWrites(bytes)
        Glibc.shutdown(rig.peer, CInt(SHUT_WR))
        rig.loop.turn()
        rig.loop.turn()
        #expect(rig.received == bytes && rig.reads >= 3 && rig.hasEnded)
        #expect(rig.socket.isOpen && rig.closings == 0)
        rig.finish()
    }

    @Test("tells the end also to who takes no input, but not before what stands before it")
    func endWhilePaused() throws {
        let rig = try Rig()
        rig.takesInput = false
        try rig.peerWrites([1])
        Glibc.shutdown(rig.peer, CInt(SHUT_WR))
        rig.loop.turn()
        #expect(!rig.hasEnded)
        rig.takesInput = true
        rig.socket.readOn()
        rig.loop.turn()
        #expect(rig.received == [1] && rig.hasEnded)
        rig.finish()

        let paused = try Rig()
        paused.takesInput = false
        Glibc.shutdown(paused.peer, CInt(SHUT_WR))
        paused.loop.turn()
        #expect(paused.hasEnded && paused.socket.isOpen)
        paused.finish()
    }

    @Test("writes at once, queues what is not taken, and tells when that grows and shrinks", arguments: [1, 5, 40])
    func writing(pieces: Int) throws {
        let rig = try Rig()
        let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 / 11) }
        for piece in 0..<pieces {
            let range = piece * bytes.count / pieces..<(piece + 1) * bytes.count / pieces
            if piece.isMultiple(of: 2) {
                var buffer = ByteBuffer(bytes: bytes[range])
                rig.socket.write(&buffer)
            } else {
                rig.socket.enqueue(ByteBuffer(bytes: bytes[range]))
            }
        }
        rig.socket.flush()
        var isDrained = false
        rig.socket.whenDrained { isDrained = true }
        #expect(!rig.socket.isWritable && rig.writability == [false] && !isDrained)
        var arrived: [UInt8] = []
        while arrived.count < bytes.count {
            let more = rig.peerReads()
            arrived += more
            try #require(!more.isEmpty, "stuck with \(rig.socket.queuedBytes) bytes")
            rig.loop.turn()
        }
        #expect(arrived == bytes && isDrained)
        #expect(rig.socket.isWritable && rig.writability == [false, true] && rig.socket.queuedBytes == 0)
        rig.finish()
    }

    @Test("small pieces are written together")
    func smallPieces() throws {
        let rig = try Rig()
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 13) }
        let all = ByteBuffer(bytes: bytes)
        for index in bytes.indices {
            rig.socket.enqueue(try #require(all.getSlice(at: index, length: 1)))
            // A large one between them keeps its place.
            if index == 5000 { rig.socket.enqueue(ByteBuffer(repeating: 255, count: 20_000)) }
        }
        #expect(rig.socket.queuedBytes == 30_000)
        let before = try #require(SystemCallCount.total)
        rig.socket.flush()
        #expect(try #require(SystemCallCount.total) - before <= 3)
        #expect(rig.peerReads() == bytes[...5000] + [UInt8](repeating: 255, count: 20_000) + bytes[5001...])
        #expect(rig.socket.queuedBytes == 0)
        rig.finish()
    }

    @Test("a buffer that was written keeps its memory")
    func buffer() throws {
        let rig = try Rig()
        var buffer = ByteBuffer(bytes: 0..<100)
        let capacity = buffer.capacity
        rig.socket.write(&buffer)
        #expect(buffer.readableBytes == 0 && buffer.capacity == capacity)
        #expect(rig.peerReads() == Array(0..<100))
        rig.finish()
    }

    @Test("what its owner keeps of its input stays as it was")
    func lentBuffer() throws {
        let rig = try Rig()
        final class Keeper: StreamSocketOwner {
            var kept: [ByteBuffer] = []
            var takesInput: Bool { true }
            func streamSocket(received bytes: inout ByteBuffer) { kept.append(bytes) }
            func streamSocketReadCompleted() {}
            func streamSocketInputEnded() {}
            func streamSocketWritabilityChanged() {}
            func streamSocketTimerFired() {}
            func streamSocketClosed() {}
        }
        let keeper = Keeper()
        rig.socket.owner = keeper
        for number in 0..<5 {
            try rig.peerWrites([UInt8](repeating: UInt8(number), count: 10))
            rig.loop.turn()
        }
        #expect(keeper.kept == (0..<5).map { ByteBuffer(repeating: UInt8($0), count: 10) })
        rig.socket.owner = rig
        rig.finish()
    }

    @Test("a peer that is gone ends it once, whether it is written to or not", arguments: [true, false])
    func broken(writes: Bool) throws {
        let rig = try Rig()
        var buffer = ByteBuffer(bytes: 0..<10)
        if !writes {
            // Unread bytes of ours make the closing a reset.
            rig.socket.write(&buffer)
        }
        Glibc.close(rig.peer)
        if writes { rig.socket.write(&buffer) }
        #expect(rig.closings == 0, "never from within a call")
        rig.loop.turn()
        #expect(rig.closings == 1 && !rig.socket.isOpen)
        rig.socket.close()
        rig.loop.turn()
        #expect(rig.closings == 1)
    }

    @Test("one that cannot be written to any more is closed, when what came before is read")
    func brokenOutput() throws {
        let rig = try Rig()
        try rig.peerWrites([1, 2, 3])
        // Nothing reports this before something is written.
        Glibc.shutdown(rig.peer, CInt(SHUT_RD))
        var buffer = ByteBuffer(bytes: 0..<10)
        rig.socket.write(&buffer)
        rig.loop.turn()
        #expect(rig.received == [1, 2, 3] && rig.closings == 1)
        rig.finish()
    }

    @Test("has one timer, which can be moved and cancelled and ends with it")
    func timer() throws {
        let rig = try Rig()
        rig.socket.setTimer(at: rig.loop.now + .seconds(1))
        rig.socket.setTimer(at: rig.loop.now + .seconds(3))
        rig.loop.advance(by: .seconds(2))
        #expect(rig.timers == 0)
        rig.loop.advance(by: .seconds(1))
        #expect(rig.timers == 1)
        rig.socket.setTimer(at: rig.loop.now + .seconds(1))
        rig.socket.cancelTimer()
        rig.loop.advance(by: .seconds(2))
        rig.socket.setTimer(at: rig.loop.now + .seconds(1))
        rig.finish()
        rig.loop.advance(by: .seconds(2))
        #expect(rig.timers == 1)
    }

    @Test("events of a socket that was closed are not taken for those of its successor")
    func generations() throws {
        let rig = try Rig()
        try rig.peerWrites([1])
        // The new one has the old one's place in the table, and very likely its number.
        rig.socket.close()
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        let next = try StreamSocket(Descriptor(owning: ends[0]), peer: nil, on: rig.loop, highWaterMark: 10)
        next.owner = rig
        rig.loop.turn()
        #expect(rig.received == [] && rig.closings == 1)
        #expect(Glibc.write(ends[1], [2], 1) == 1)
        rig.loop.turn()
        #expect(rig.received == [2])
        next.close()
        rig.loop.turn()
        Glibc.close(ends[1])
        Glibc.close(rig.peer)
    }
}
