import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The frame reader")
struct WebSocketFrameReaderTests {
    private typealias Frame = WebSocketTestFrame

    /// Input and what it is read as.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let frames: [WebSocketTestFrame]
        let items: [FrameReading.Item]

        var testDescription: String { name }
    }

    private static func text(_ text: String) -> FrameReading.Item { .message(isText: true, Array(text.utf8)) }

    static let cases: [Case] = [
        Case(name: "a text", frames: [.text("hello")], items: [text("hello")]),
        Case(name: "an empty text", frames: [.text("")], items: [text("")]),
        Case(name: "an empty binary", frames: [.binary([])], items: [.message(isText: false, [])]),
        Case(
            name: "two messages",
            frames: [.text("one"), .binary([2])],
            items: [text("one"), .message(isText: false, [2])]
        ),
        Case(
            name: "a fragmented text",
            frames: [.text("gr", isFinal: false), .continuation([0xC3], isFinal: false), .continuation([0xBC, 0x6E])],
            items: [text("grün")]
        ),
        Case(
            name: "empty fragments",
            frames: [.text("", isFinal: false), .continuation([], isFinal: false), .continuation([])],
            items: [text("")]
        ),
        Case(
            name: "control frames between fragments",
            frames: [.text("a", isFinal: false), .ping([1, 2]), .pong([3]), .continuation("b".utf8)],
            items: [.ping([1, 2]), .pong([3]), text("ab")]
        ),
        Case(
            name: "a Ping of 125 bytes",
            frames: [.ping(Array(repeating: 7, count: 125))],
            items: [.ping(Array(repeating: 7, count: 125))]
        ),
        Case(name: "Close without a code", frames: [.close(nil), .text("x")], items: [.close(nil)]),
        Case(
            name: "Close with a reason",
            frames: [.close(1001, reason: "später".utf8), .ping()],
            items: [.close(.goingAway)]
        ),
        Case(
            name: "Close amid a message",
            frames: [.text("a", isFinal: false), .close(1000)],
            items: [.close(.normalClosure)]
        ),
        Case(
            name: "a mask of zeros",
            frames: [Frame(opcode: 1, payload: "hello".utf8, mask: [0, 0, 0, 0])],
            items: [text("hello")]
        ),
        Case(name: "no mask", frames: [Frame(opcode: 1, payload: "x".utf8, mask: nil)], items: [.violation(.unmasked)]),
        Case(
            name: "no mask, no payload",
            frames: [Frame(opcode: 9, payload: [], mask: nil)],
            items: [.violation(.unmasked)]
        ),
        Case(name: "a stray continuation", frames: [.continuation([1])], items: [.violation(.strayContinuation)]),
        Case(
            name: "a stray continuation behind a message",
            frames: [.text("a"), .continuation([])],
            items: [text("a"), .violation(.strayContinuation)]
        ),
        Case(
            name: "a message in a message",
            frames: [.text("a", isFinal: false), .text("b")],
            items: [.violation(.missingContinuation)]
        ),
        Case(
            name: "a fragmented Ping",
            frames: [Frame(opcode: 9, payload: [], isFinal: false)],
            items: [.violation(.fragmentedControl)]
        ),
        Case(
            name: "a Ping of 126 bytes",
            frames: [.ping(Array(repeating: 0, count: 126))],
            items: [.violation(.longControl)]
        ),
        Case(
            name: "a Pong of 65,536 bytes",
            frames: [.pong(Array(repeating: 0, count: 65536))],
            items: [.violation(.longControl)]
        ),
        Case(
            name: "half a Close code",
            frames: [Frame(opcode: 8, payload: [3])],
            items: [.violation(.truncatedCloseCode)]
        ),
        Case(
            name: "a reason that is not UTF-8",
            frames: [.close(1000, reason: [0xC3])],
            items: [.violation(.invalidText)]
        ),
        Case(
            name: "a length of 2^63",
            frames: [Frame(opcode: 2, payload: [], announcedLength: 1 << 63)],
            items: [.violation(.impossibleLength)]
        ),
        Case(
            name: "text that is not UTF-8",
            frames: [.text(bytes: [0x61, 0xFF, 0x61])],
            items: [.violation(.invalidText)]
        ),
        Case(
            name: "text that stops in a character",
            frames: [.text(bytes: [0xE2, 0x82])],
            items: [.violation(.invalidText)]
        ),
        Case(
            name: "text that stops in a character, in fragments",
            frames: [.text(bytes: [0xE2], isFinal: false), .continuation([])],
            items: [.violation(.invalidText)]
        ),
        Case(
            name: "a character broken by ASCII in the next fragment",
            frames: [.text(bytes: [0xE2], isFinal: false), .continuation("aaaaaaaaaaaa".utf8)],
            items: [.violation(.invalidText)]
        ),
        Case(
            name: "binary that is not UTF-8",
            frames: [.binary([0xFF, 0xC0])],
            items: [.message(isText: false, [0xFF, 0xC0])]
        ),
    ]

    @Test("reads frames the same however they are split", arguments: cases)
    func reads(_ example: Case) {
        let bytes = example.frames.flatMap(\.bytes)
        for delivery in [.wholeMessages(upTo: 1000), .pieces(upTo: 2)] as [WebSocketConfiguration.Delivery] {
            for chunk in [1, 2, 3, 7, bytes.count] {
                let reading = FrameReading.of(bytes, delivery: delivery) { _ in chunk }
                #expect(reading.items == example.items, "\(delivery), chunks of \(chunk)")
            }
        }
    }

    @Test("refuses every reserved bit and opcode", arguments: 0...15 as ClosedRange<UInt8>)
    func reserved(opcode: UInt8) {
        for bits in 1...7 as ClosedRange<UInt8> {
            let frame = Frame(opcode: opcode, payload: [], reserved: bits)
            #expect(FrameReading.of(frame.bytes, delivery: .wholeMessages(upTo: 10)).violation == .reservedBits)
        }
        let plain = FrameReading.of(Frame(opcode: opcode, payload: []).bytes, delivery: .wholeMessages(upTo: 10))
        #expect((plain.violation == .reservedOpcode) == ![0, 1, 2, 8, 9, 10].contains(opcode))
    }

    @Test("judges a frame by its first bytes, without waiting for the rest")
    func judgesEarly() {
        for (bytes, violation) in [
            ([0xF1], .reservedBits), ([0x83], .reservedOpcode), ([0x09], .fragmentedControl),
            ([0x81, 0x05], .unmasked),
            ([0x89, 0xFE], .longControl), ([0x88, 0x81], .truncatedCloseCode), ([0x82, 0xFF, 0x80], .impossibleLength),
            ([0x82, 0xFE, 0x00, 0x7D], .wastefulLength), ([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .wastefulLength),
            ([0x82, 0xFE, 0x03, 0xE9], .messageTooBig),
        ] as [([UInt8], WebSocketViolation)] {
            #expect(FrameReading.of(bytes, delivery: .wholeMessages(upTo: 1000)).items == [.violation(violation)])
            #expect(FrameReading.of(bytes.dropLast(), delivery: .wholeMessages(upTo: 1000)).items == [])
        }
    }

    @Test("judges every Close code")
    func closeCodes() {
        for code in (0...65535 as ClosedRange<UInt16>) {
            let reading = FrameReading.of(Frame.close(code).bytes, delivery: .wholeMessages(upTo: 10))
            switch code {
            case 1000, 1001, 1002, 1003, 1007...1014, 3000...4999:
                #expect(reading.items == [.close(WebSocketErrorCode(codeNumber: Int(code)))])
            default:
                #expect(reading.items == [.violation(.forbiddenCloseCode)], "\(code)")
            }
        }
    }

    @Test(
        "takes messages up to the limit and refuses larger ones at their announcement",
        arguments: [0, 1, 125, 126, 65535, 65536, 70000]
    )
    func limit(limit: Int) {
        let payload = [UInt8](repeating: 0x61, count: limit)
        let exact = FrameReading.of(Frame.binary(payload).bytes, delivery: .wholeMessages(upTo: limit))
        #expect(exact.items == [.message(isText: false, payload)])
        let header = Frame(opcode: 2, payload: [], announcedLength: UInt64(limit + 1)).bytes
        #expect(FrameReading.of(header, delivery: .wholeMessages(upTo: limit)).violation == .messageTooBig)
        let fragments = Frame.binary(payload, isFinal: false).bytes + Frame.continuation([0]).bytes
        #expect(FrameReading.of(fragments, delivery: .wholeMessages(upTo: limit)).violation == .messageTooBig)
        #expect(
            FrameReading.of(fragments, delivery: .pieces(upTo: 100)).items == [.message(isText: false, payload + [0])]
        )
    }

    @Test("holds no more than the limit of a message that never ends")
    func boundedMessage() {
        var bytes = Frame.text("", isFinal: false).bytes
        for _ in 0..<2000 { bytes += Frame.continuation([UInt8](repeating: 0x61, count: 100), isFinal: false).bytes }
        let whole = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 100_000)) { _ in 333 }
        #expect(whole.violation == .messageTooBig)
        #expect(whole.peak <= 131_072 + 256)
        let pieces = FrameReading.of(bytes, delivery: .pieces(upTo: 1000)) { _ in 5000 }
        #expect(pieces.unfinished.count == 200_000)
        #expect(pieces.peak <= 1024 + 256)
    }

    @Test("holds nothing of a frame of almost 2^63 bytes but the piece at hand")
    func endlessFrame() {
        var bytes = Frame(opcode: 2, payload: [], announcedLength: (1 << 63) - 1).bytes
        bytes += [UInt8](repeating: 0, count: 300_000)
        let reading = FrameReading.of(bytes, delivery: .pieces(upTo: 65536)) { _ in 100_000 }
        #expect(reading.unfinished.count == 300_000)
        #expect(reading.largestPiece == 65536)
        #expect(reading.peak <= 65536 + 256)
        let never = FrameReading.of(bytes, delivery: .wholeMessages(upTo: .max)) { _ in 1000 }
        #expect(never.items == [] && never.peak <= 524_288 + 256)
    }

    @Test("announcing much reserves nothing")
    func announcement() {
        let bytes = Frame(opcode: 2, payload: [1], announcedLength: 30 << 20).bytes
        #expect(FrameReading.of(bytes, delivery: .wholeMessages(upTo: 32 << 20)).peak <= 512)
    }

    @Test("unmasks at every offset and length")
    func unmasks() {
        let plain = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for length in 0..<70 {
            let frame = Frame(opcode: 2, payload: plain.prefix(length), mask: [0x11, 0xA2, 0x43, 0xF4])
            for chunk in 1...9 {
                let reading = FrameReading.of(frame.bytes, delivery: .wholeMessages(upTo: 300)) { _ in chunk }
                #expect(reading.items == [.message(isText: false, Array(plain.prefix(length)))])
            }
        }
    }

    @Test("goes on with the same memory, unless somebody keeps a message")
    func reusesMemory() {
        var reader = WebSocketFrameReader(delivery: .wholeMessages(upTo: 1000))
        func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withVeryUnsafeBytes { $0.baseAddress } }
        var input = ByteBuffer(bytes: (0..<3).flatMap { Frame.text("message \($0)").bytes })
        _ = reader.next(from: &input)
        let first = address(reader.payload)
        _ = reader.next(from: &input)
        #expect(address(reader.payload) == first)
        let kept = reader.payload
        _ = reader.next(from: &input)
        #expect(address(reader.payload) != first)
        #expect(String(buffer: kept) == "message 1" && String(buffer: reader.payload) == "message 2")
    }

    @Test("skips messages when told to, but not control frames nor faults of framing")
    func discards() {
        var reader = WebSocketFrameReader(delivery: .wholeMessages(upTo: 10))
        reader.discardsMessages = true
        let frames: [Frame] = [
            .text(bytes: [0xFF]), .binary([UInt8](repeating: 0, count: 5000)), .ping([1]), .close(1000),
        ]
        var input = ByteBuffer(bytes: frames.flatMap(\.bytes))
        #expect(reader.next(from: &input) == .ping)
        #expect(reader.next(from: &input) == .close(.normalClosure))
        #expect(reader.payload.capacity == 0)
        var other = WebSocketFrameReader(delivery: .wholeMessages(upTo: 10))
        other.discardsMessages = true
        input = ByteBuffer(bytes: Frame(opcode: 1, payload: [], mask: nil).bytes)
        #expect(other.next(from: &input) == .violation(.unmasked))
    }
}
