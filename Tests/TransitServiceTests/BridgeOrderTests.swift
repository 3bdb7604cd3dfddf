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
}
