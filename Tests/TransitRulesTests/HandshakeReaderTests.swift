import TestSupport
import Testing
import TransitRules
import WormholeWire

@Suite
struct HandshakeReaderTests {
    private struct Reading: Equatable {
        let verdict: HandshakeVerdict
        /// Bytes up to the end of the line, over all pieces.
        let consumed: Int
    }

    private static func read(_ bytes: [UInt8], inPiecesOf size: Int) -> Reading? {
        var reader = HandshakeReader()
        var offset = 0
        while offset < bytes.count {
            let piece = Array(bytes[offset..<min(offset + size, bytes.count)])
            if let judged = reader.read(piece.span) {
                return Reading(verdict: judged.verdict, consumed: offset + judged.consumed)
            }
            offset += piece.count
        }
        return nil
    }

    @Test("a line reads the same whole, byte by byte, and glued to what follows")
    func pieces() {
        let line = Array(Line.sided("a", "1").utf8)
        let expected = Reading(verdict: .handshake(Line.handshake("a", "1")), consumed: 104)
        for size in 1...200 { #expect(Self.read(line + line, inPiecesOf: size) == expected) }
    }

    @Test("1024 bytes and a newline are judged; one more byte is not", arguments: [1, 7, 512, 1024, 1025, 4096])
    func limit(size: Int) {
        let atLimit = [UInt8](repeating: 0x78, count: 1024)
        #expect(Self.read(atLimit, inPiecesOf: size) == nil)
        #expect(Self.read(atLimit + [0x0A], inPiecesOf: size) == Reading(verdict: .badLine, consumed: 1025))
        #expect(Self.read(atLimit + [0x78], inPiecesOf: size)?.verdict == .tooLong)
        #expect(Self.read(atLimit + [0x78, 0x0A], inPiecesOf: size)?.verdict == .tooLong)
    }

    @Test("random bytes in random pieces never trap, and are judged as the line alone would be")
    func fuzz() {
        var random = SeededGenerator(seed: 20)
        for _ in 0..<5000 {
            let length = Int.random(in: 0...1100, using: &random)
            var bytes = (0..<length).map { _ in UInt8.random(in: 0x0B...255, using: &random) }
            if Bool.random(using: &random) {
                bytes.insert(0x0A, at: Int.random(in: 0...bytes.count, using: &random))
            }
            if Bool.random(using: &random) { bytes.insert(contentsOf: Line.legacy().utf8, at: 0) }
            let whole = Self.read(bytes, inPiecesOf: 4096)
            #expect(Self.read(bytes, inPiecesOf: Int.random(in: 1...300, using: &random))?.verdict == whole?.verdict)
            if let end = bytes.firstIndex(of: 0x0A), end <= 1024 {
                #expect(whole?.consumed == end + 1)
                #expect(whole?.verdict != .tooLong)
            } else {
                #expect(whole?.verdict == (bytes.count > 1024 ? .tooLong : nil))
            }
        }
    }

    @Test("67, 68: a message is a handshake with one newline or none, however it is cut", arguments: [1, 3, 60, 200])
    func messages(size: Int) {
        func judge(_ text: String) -> HandshakeVerdict? {
            var reader = HandshakeMessageReader()
            let bytes = Array(text.utf8)
            var offset = 0
            repeat {
                let end = min(offset + size, bytes.count)
                let piece = Array(bytes[offset..<end])
                if let verdict = reader.read(piece.span, isFinal: end == bytes.count) { return verdict }
                offset = end
            } while offset < bytes.count
            return nil
        }
        let expected = HandshakeVerdict.handshake(Line.handshake("a", "1"))
        #expect(judge(Line.sided("a", "1")) == expected)
        #expect(judge(String(Line.sided("a", "1").dropLast())) == expected)
        #expect(judge(Line.sided("a", "1") + "\n") == .badLine)
        #expect(judge("\n" + Line.sided("a", "1")) == .badLine)
        #expect(judge(String(Line.sided("a", "1").dropLast()) + "\r\n") == .badLine)
        #expect(judge(Line.sided("a", "1") + "x") == .badLine)
        #expect(judge("") == .badLine)
        #expect(judge("\n") == .badLine)
    }

    @Test("85: a first message that has become too long is refused before it is complete")
    func longMessage() {
        var reader = HandshakeMessageReader()
        let piece = [UInt8](repeating: 0x78, count: 512)
        #expect(reader.read(piece.span, isFinal: false) == nil)
        #expect(reader.read(piece.span, isFinal: false) == nil)
        #expect(reader.read([0x78].span, isFinal: false) == .badLine)
    }
}
