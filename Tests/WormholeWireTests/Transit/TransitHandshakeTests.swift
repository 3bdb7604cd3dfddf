import TestSupport
import Testing
import WormholeWire

@Suite
struct TransitHandshakeTests {
    private static let token = String(repeating: "a", count: 64)
    private static let side = String(repeating: "1", count: 16)

    private static func parse(_ line: String) -> TransitHandshake? { TransitHandshake(line: Array(line.utf8).span) }

    @Test("both forms are read, and tell what they hold")
    func bothForms() throws {
        let legacy = try #require(Self.parse("please relay \(Self.token)"))
        let sided = try #require(Self.parse("please relay \(Self.token) for side \(Self.side)"))
        #expect(legacy.side == nil)
        #expect(sided.side == TransitSide(Array(Self.side.utf8).span))
        #expect(legacy.token == sided.token)
        #expect(legacy.token == TransitToken(Array(Self.token.utf8).span))
    }

    @Test("every character of the alphabet is taken in every place, and told apart from every other")
    func alphabet() throws {
        let alphabet = (0...255 as ClosedRange<UInt8>).filter { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
            default: false
            }
        }
        #expect(alphabet.count == 63)
        var tokens: Set<TransitToken> = []
        for place in 0..<TransitToken.length {
            for byte in 0...255 as ClosedRange<UInt8> {
                var text = [UInt8](repeating: UInt8(ascii: "a"), count: TransitToken.length)
                text[place] = byte
                let token = TransitToken(text.span)
                #expect((token != nil) == alphabet.contains(byte))
                if let token { tokens.insert(token) }
            }
        }
        #expect(tokens.count == 1 + 64 * 62)
    }

    @Test(
        "anything else is no handshake",
        arguments: [
            "", " ", "please relay", "please relay ", "please relay \(token) ", " please relay \(token)",
            "Please relay \(token)", "please  relay \(token)", "please relay  \(token)", "please relay \(token)\r",
            "please relay \(token)a", "please relay \(token.dropLast())", "please relay \(token.dropLast())-",
            "please relay \(token) for side", "please relay \(token) for side ",
            "please relay \(token) for side \(side)1",
            "please relay \(token) for side \(side.dropLast())", "please relay \(token) for side \(side) ",
            "please relay \(token) for side  \(side)", "please relay \(token) For side \(side)",
            "please relay \(token) for side \(side.dropLast())-", "please relay \(token)\nfor side \(side)",
        ]
    )
    func anythingElse(line: String) {
        #expect(Self.parse(line) == nil)
    }

    @Test("mutated lines never trap, and are valid only when the grammar says so")
    func fuzz() {
        var random = SeededGenerator(seed: 0x7261_6E73_6974)
        let valid = ["please relay \(Self.token)", "please relay \(Self.token) for side \(Self.side)"]
        for _ in 0..<20_000 {
            var line = Array(valid[Int.random(in: 0...1, using: &random)].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0...line.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0 where place < line.count: line[place] = UInt8.random(in: 0...255, using: &random)
                case 1 where place < line.count: line.remove(at: place)
                default: line.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
            }
            #expect((TransitHandshake(line: line.span) != nil) == Self.matchesGrammar(line))
        }
    }

    @Test("the replies are the lines clients compare byte by byte")
    func replies() {
        let lines = TransitReply.allCases.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
        #expect(lines == ["ok\n", "bad handshake\n", "impatient\n"])
    }

    /// The grammar said another way.
    private static func matchesGrammar(_ line: [UInt8]) -> Bool {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
        func isWord(_ word: [UInt8], _ count: Int) -> Bool {
            word.count == count
                && word.allSatisfy { byte in
                    byte < 128
                        && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                            || byte == UInt8(ascii: "_"))
                }
        }
        guard words.count == 3 || words.count == 6, words[0] == Array("please".utf8), words[1] == Array("relay".utf8),
            isWord(words[2], 64)
        else { return false }
        return words.count == 3
            || (words[3] == Array("for".utf8) && words[4] == Array("side".utf8) && isWord(words[5], 16))
    }
}
