import NIOCore
import Observations
import Sockets
import TestSupport
import Testing

@testable import TransitService

/// In which order the clients of the bridge hear things, when something happens at the worst moment.
@Suite(.timeLimit(.minutes(1)))
struct BridgeOrderTests {
    typealias Frame = WebSocketTestFrame

    private static func frames(in bytes: [UInt8]) -> [Frame] {
        var bytes = bytes
        var frames: [Frame] = []
        while let frame = Frame.take(from: &bytes) { frames.append(frame) }
        return frames
    }

    /// - Parameter early: Who speaks before the bridge knows of the pair: the first, the second, or with 2 both.
    @Test("what a client said before it was known to have a partner comes behind the partner's ok", arguments: 0...2)
    func okComesFirst(early: Int) throws {
        try ManualBridge.run { bridge in
            let frames = [Frame.binary("EARLY".utf8)]
            let (first, firstEnd) = try bridge.webSocketClient(early: early == 1 ? [] : frames)
            let (second, secondEnd) = try bridge.webSocketClient(early: early == 0 ? [] : frames)
            bridge.join(first, second)
            bridge.loop.turn()
            let texts = [firstEnd, secondEnd].map { Self.frames(in: $0.read()).map(\.text) }
            #expect(texts == [early == 0 ? ["ok\n"] : ["ok\n", "EARLY"], early == 1 ? ["ok\n"] : ["ok\n", "EARLY"]])
        }
    }

    @Test("a client whose partner turns out to speak text hears ok, then the end")
    func text() throws {
        try ManualBridge.run { bridge in
            let (first, firstEnd) = try bridge.webSocketClient(early: [.text("hello")])
            let (second, secondEnd) = try bridge.webSocketClient()
            bridge.join(first, second)
            bridge.loop.turn()
            let heard = Self.frames(in: secondEnd.read())
            #expect(heard.first?.text == "ok\n" && heard.last?.closeCode == 1000 && heard.count == 2)
            #expect(Self.frames(in: firstEnd.read()).last?.closeCode == 1003)
        }
    }

    @Test("a socket that half-closes gets everything its partner had sent by then", arguments: [true, false])
    func halfClose(reads: Bool) throws {
        try ManualBridge.run { bridge in
            let (client, clientEnd) = try bridge.webSocketClient()
            let socketEnd = try bridge.joinSocket(with: client)
            bridge.loop.turn()
            #expect(clientEnd.read().suffix(3).elementsEqual("ok\n".utf8))
            // With an end in the middle of a message, for those are passed on as they come.
            let payloads = (0..<2000).map { [UInt8](repeating: UInt8($0 & 0xFF), count: 992) }
            let stream = payloads.flatMap { Frame.binary($0).bytes }
            var sent = 0
            while sent < stream.count {
                let count = clientEnd.write(stream[sent...])
                sent += count
                if reads || count == 0 { break }
                // As much as everybody between the two holds.
                bridge.loop.turn()
            }
            let header = 8
            let count = sent / 1000 * 992 + max(0, sent % 1000 - header)
            try #require(count > 150_000 && sent < stream.count)
            socketEnd.shutdownOutput()
            bridge.loop.turn()
            var received = socketEnd.read()
            for _ in 0..<200 where !socketEnd.hasEnded {
                bridge.loop.advance(by: .milliseconds(20))
                received += socketEnd.read()
            }
            #expect(received.count == count)
            #expect(payloads.joined().starts(with: received))
            let end = Self.frames(in: clientEnd.read())
            #expect(end.map(\.closeCode) == [1000])
            #expect(bridge.records().map(\.totalBytes) == [UInt64(count)])
        }
    }

    @Test("a partner that goes on sending is not read for ever when a socket half-closes")
    func endlessPartner() throws {
        try ManualBridge.run { bridge in
            let (client, clientEnd) = try bridge.webSocketClient()
            let socketEnd = try bridge.joinSocket(with: client)
            bridge.loop.turn()
            let frame = Frame.binary([UInt8](repeating: 7, count: 994)).bytes
            let frames = (0..<50).flatMap { _ in frame }
            clientEnd.writeAll(frames)
            socketEnd.shutdownOutput()
            for _ in 0..<100 where !socketEnd.hasEnded {
                _ = clientEnd.write(frames[...])
                bridge.loop.advance(by: .milliseconds(20))
                _ = socketEnd.read()
            }
            #expect(socketEnd.hasEnded)
            #expect(bridge.records().count == 1)
        }
    }
}
