import AllocationCount
import Sockets
import TestSupport
import Testing

@testable import TransitService

/// What the bridge holds for clients that do not take it, and that it goes on when they do.
@Suite(.timeLimit(.minutes(1)))
struct BridgePressureTests {
    typealias Frame = WebSocketTestFrame

    /// Frames of 50,000 bytes, one after the other, without end: masked with zeros, so that they are cheap to make.
    private struct Flood {
        static let payload = 50_000
        private static let frame = WebSocketTestFrame(
            opcode: 2,
            payload: [UInt8](repeating: 7, count: payload),
            mask: [0, 0, 0, 0]
        ).bytes
        private(set) var accepted = 0

        /// Sends as much as the kernel takes at once.
        ///
        /// - Returns: `false` when that was nothing.
        mutating func send(to end: PeerEnd) -> Bool {
            let count = end.write(Self.frame[(accepted % Self.frame.count)...])
            accepted += count
            return count > 0
        }

        /// Payload of what was accepted, the beginning of a frame included: it is passed on as it comes.
        var payload: Int {
            let header = Self.frame.count - Self.payload
            return accepted / Self.frame.count * Self.payload + max(0, accepted % Self.frame.count - header)
        }
    }

    /// Has a client send Pings and read nothing, until what waits for it is beyond the mark.
    private static func clog(_ client: BridgeClient, _ end: PeerEnd, on loop: SocketLoop) throws {
        let pings = (0..<400).flatMap { _ in Frame.ping([UInt8](repeating: 0, count: 125)).bytes }
        for _ in 0..<100 where client.isWritable {
            end.writeAll(pings)
            loop.turn()
        }
        try #require(!client.isWritable)
    }

    /// Payload of the binary messages among these frames.
    private static func payload(in bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes[...]
        var payload: [UInt8] = []
        while bytes.count >= 2 {
            let opcode = bytes[bytes.startIndex] & 15
            var length = Int(bytes[bytes.startIndex + 1])
            var header = 2
            if length >= 126 {
                header += length == 126 ? 2 : 8
                guard bytes.count >= header else { break }
                length = bytes.dropFirst(2).prefix(header - 2).reduce(0) { $0 << 8 | Int($1) }
            }
            guard bytes.count >= header + length else { break }
            if opcode == 2 { payload += bytes.dropFirst(header).prefix(length) }
            bytes = bytes.dropFirst(header + length)
        }
        return payload
    }

    @Test("a client whose first message was too early is stopped by a partner that takes nothing", arguments: [0, 1])
    func heldMessage(partner: Int) throws {
        try ManualBridge.run { bridge in
            let (taker, takerEnd) = try bridge.webSocketClient()
            try Self.clog(taker, takerEnd, on: bridge.loop)
            let early = Frame.binary("early".utf8)
            let (sender, senderEnd) = try bridge.webSocketClient(early: [early])
            if partner == 0 { bridge.join(taker, sender) } else { bridge.join(sender, taker) }
            var flood = Flood()
            while flood.accepted < 20 << 20, flood.send(to: senderEnd) { bridge.loop.turn() }
            #expect(flood.accepted < 1 << 20, "taken of a client that should wait")
            #expect(taker.queuedBytes <= 192 << 10)
            // And it goes on when the partner takes again.
            var received: [UInt8] = []
            while true {
                let more = takerEnd.read()
                received += more
                bridge.loop.turn()
                if more.isEmpty { break }
            }
            let payload = Self.payload(in: received)
            #expect(payload.count == "ok\nearly".utf8.count + flood.payload)
            #expect(payload.starts(with: "ok\nearly".utf8))
        }
    }

    @Test("a client whose first message was too early, and too large for the rate, is not read before its time")
    func heldMessageBeyondRate() throws {
        try ManualBridge.run(sessionRate: 1000) { bridge in
            let early = Frame.binary([UInt8](repeating: 1, count: 50_000))
            // The first is beyond the rate, so that the second has to wait.
            let (taker, takerEnd) = try bridge.webSocketClient(early: [early])
            let (sender, senderEnd) = try bridge.webSocketClient(early: [early])
            bridge.join(taker, sender)
            var flood = Flood()
            while flood.accepted < 20 << 20, flood.send(to: senderEnd) {
                bridge.loop.turn()
                _ = takerEnd.read()
            }
            let pair = try #require(bridge.bridge.pairs.values.first)
            #expect(pair.totalBytes == 100_000)
        }
    }

    @Test("a client that takes everything in the moment its partner is stopped for it sets the partner going again")
    func wakeUp() throws {
        try ManualBridge.run { bridge in
            let (sink, sinkEnd) = try bridge.webSocketClient()
            let sourceEnd = try bridge.joinSocket(with: sink)
            var sent = 0
            while sink.queuedBytes == 0, sent < 4 << 20 {
                sourceEnd.writeAll([UInt8](repeating: 1, count: 8 << 10))
                sent += 8 << 10
                bridge.loop.turn()
            }
            try #require((1...64 << 10).contains(sink.queuedBytes) && sink.isWritable)
            // In one turn, in this order: the source is read, beyond the mark; the sink takes everything.
            sourceEnd.writeAll([UInt8](repeating: 1, count: 100_000))
            sent += 100_000
            var received = sinkEnd.read()
            bridge.loop.turn()
            for _ in 0..<10 {
                received += sinkEnd.read()
                bridge.loop.turn()
            }
            #expect(Self.payload(in: received).count == sent + "ok\n".utf8.count)
        }
    }

    @Test("tiny messages for a socket that takes nothing need little memory")
    func tinyMessages() throws {
        try ManualBridge.run { bridge in
            let (source, sourceEnd) = try bridge.webSocketClient()
            let sinkEnd = try bridge.joinSocket(with: source)
            bridge.loop.turn()
            let sink = try #require(bridge.bridge.sockets.values.first)
            var sent = 0
            while sink.queuedBytes == 0, sent < 4 << 20 {
                sourceEnd.writeAll(Frame.binary([UInt8](repeating: 1, count: 1000)).bytes)
                sent += 1000
                bridge.loop.turn()
            }
            let frames = (0..<8192).flatMap { _ in Frame.binary([2]).bytes }
            let before = allocated_bytes()
            while sink.isWritable, sent < 8 << 20 {
                sourceEnd.writeAll(frames)
                sent += 8192
                bridge.loop.turn()
            }
            try #require(!sink.isWritable && sink.queuedBytes > 60_000)
            let growth = allocated_bytes() - before
            #expect(growth < 1 << 20, "\(growth) bytes for \(sink.queuedBytes)")
            var received = 0
            while received < sent {
                let more = sinkEnd.read()
                received += more.count
                try #require(!more.isEmpty, "\(received) of \(sent)")
                bridge.loop.turn()
            }
            #expect(received == sent)
        }
    }
}
