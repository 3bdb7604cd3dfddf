/// The rendezvous two relay clients name: 64 of `[0-9A-Za-z_]`, compared byte by byte, upper case and lower case apart.
///
/// Whoever knows it can take a client's place, so it is never logged and has no description. Kept as four words: a waiting
/// connection costs no allocation for it.
package struct TransitToken: Hashable, Sendable {
    /// Characters of a token.
    package static let length = 64

    private let words: WordQuad

    private struct WordQuad: Hashable, Sendable {
        let first, second, third, fourth: UInt128
    }

    /// - Returns: `nil` unless `text` is exactly 64 of the characters.
    package init?(_ text: Span<UInt8>) {
        guard text.count == Self.length,
            let first = WordCharacters.pack(text.extracting(0..<16)),
            let second = WordCharacters.pack(text.extracting(16..<32)),
            let third = WordCharacters.pack(text.extracting(32..<48)),
            let fourth = WordCharacters.pack(text.extracting(48..<64))
        else { return nil }
        words = WordQuad(first: first, second: second, third: third, fourth: fourth)
    }
}
