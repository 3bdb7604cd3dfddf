import TestSupport
import Testing

@testable import WebSocketServer

@Suite("UTF-8")
struct UTF8CheckTests {
    /// - Returns: Whether `bytes` are the beginning of UTF-8, and whether they end at a character's end.
    private func check(_ bytes: [UInt8], chunk: Int) -> (accepted: Bool, complete: Bool) {
        var check = UTF8Check()
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            let accepted = bytes[start..<min(start + chunk, bytes.count)].withUnsafeBytes { check.accepts($0) }
            guard accepted else { return (false, false) }
        }
        return (true, check.isComplete)
    }

    @Test("accepts every character, however it is split", arguments: [1, 2, 3, 100])
    func everyScalar(chunk: Int) {
        // All of the short ones, and of the long those around where a byte's range ends.
        let long = stride(from: 0x900, to: 0x110000, by: 0x40).flatMap { [$0, $0 + 1, $0 + 0x3F] }
        for value in Array(0..<0x900) + long {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let result = check(Array(UTF8.encode(scalar) ?? .init()), chunk: chunk)
            #expect(result.accepted && result.complete, "U+\(String(value, radix: 16))")
        }
    }

    @Test("agrees with the standard library on every sequence of three bytes of interest")
    func exhaustive() {
        let bytes: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for first in bytes {
            for second in bytes {
                for third in bytes {
                    for fourth in [0x41, 0x80, 0xC2] as [UInt8] {
                        let text = [first, second, third, fourth]
                        let result = check(text, chunk: 1)
                        let isValid = String(validating: text, as: UTF8.self) != nil
                        #expect((result.accepted && result.complete) == isValid, "\(text)")
                    }
                }
            }
        }
    }

    @Test("fails at the first byte that cannot be", arguments: 1...17)
    func failsEarly(offset: Int) {
        let start = [UInt8](repeating: 0x61, count: offset)
        for (sequence, good) in [
            ([0xC0], 0), ([0xE0, 0x9F], 1), ([0xED, 0xA0], 1), ([0xF0, 0x8F], 1), ([0xF4, 0x90], 1), ([0xF5], 0),
            ([0xE2, 0x82, 0x41], 2), ([0xF0, 0x9F, 0x98, 0xC3], 3), ([0x80], 0), ([0xFE], 0),
        ] as [([UInt8], Int)] {
            #expect(check(start + sequence.prefix(good), chunk: 100).accepted)
            #expect(!check(start + sequence, chunk: 100).accepted)
            #expect(!check(start + sequence, chunk: 1).accepted)
        }
    }

    @Test("agrees with the standard library on random text with mistakes", arguments: 0..<50 as Range<UInt64>)
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var bytes = Array("Grüße, мир, 世界, 😀 and plain text that is long enough for words".utf8)
            bytes.removeFirst(Int.random(in: 0..<20, using: &random))
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            let result = check(bytes, chunk: .random(in: 1...20, using: &random))
            #expect(
                (result.accepted && result.complete) == (String(validating: bytes, as: UTF8.self) != nil),
                "seed \(seed), \(bytes)"
            )
        }
    }
}
