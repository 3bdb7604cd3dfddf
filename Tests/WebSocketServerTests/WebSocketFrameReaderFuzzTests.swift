import NIOWebSocket
import TestSupport
import Testing

@testable import WebSocketServer

@Suite("The frame reader under mutated input")
struct WebSocketFrameReaderFuzzTests {
    private func randomFrame(_ random: inout SeededGenerator) -> WebSocketTestFrame {
        let size = [0, 1, 5, 125, 126, 127, 400].randomElement(using: &random) ?? 0
        let text = (0..<size).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
        let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
        var frame = WebSocketTestFrame(opcode: 1, payload: text, mask: mask)
        frame.opcode = [0, 0, 1, 1, 1, 2, 2, 8, 9, 10].randomElement(using: &random) ?? 1
        if frame.opcode >= 8 {
            frame.payload = Array(frame.payload.prefix(125))
        } else {
            frame.isFinal = .random(using: &random)
        }
        if frame.opcode == 8 { frame.payload = [0x03, 0xE8] + frame.payload.prefix(100) }
        return frame
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[index] = .random(in: 0...255, using: &random)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(.random(in: 0...255, using: &random), at: index)
            default: bytes.removeSubrange(index...)
            }
        }
    }

    @Test(
        "never traps, stays within its bounds, and judges the same however the input is split",
        arguments: 0..<30 as Range<UInt64>
    )
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            var bytes = (0..<Int.random(in: 1...6, using: &random)).flatMap { _ in randomFrame(&random).bytes }
            mutate(&bytes, &random)
            let whole = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 700))
            let bytewise = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 700)) { _ in 1 }
            let split = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 700)) {
                Int.random(in: 1...$0, using: &random)
            }
            let note = Comment(rawValue: "seed \(seed), round \(round), \(bytes)")
            #expect(whole.items == bytewise.items && whole.items == split.items, note)
            #expect(max(whole.peak, bytewise.peak, split.peak) <= 1024 + 256, note)

            let pieces = FrameReading.of(bytes, delivery: .pieces(upTo: 100)) { Int.random(in: 1...$0, using: &random) }
            #expect(pieces.largestPiece <= 100 && pieces.peak <= 128 + 256, note)
            if whole.violation != .messageTooBig { #expect(pieces.items == whole.items, note) }
        }
    }

    @Test("never traps on noise", arguments: 0..<20 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let whole = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 1 << 20))
            let bytewise = FrameReading.of(bytes, delivery: .wholeMessages(upTo: 1 << 20)) { _ in 1 }
            #expect(whole.items == bytewise.items, "seed \(seed), \(bytes)")
        }
    }
}
