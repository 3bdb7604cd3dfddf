/// What a relay client calls itself within its rendezvous: 16 of `[0-9A-Za-z_]`, so that two connections of one client are
/// not joined to each other. Clients of old send none.
package struct TransitSide: Hashable, Sendable {
    /// Characters of a side.
    package static let length = 16

    private let word: UInt128

    /// - Returns: `nil` unless `text` is exactly 16 of the characters.
    package init?(_ text: Span<UInt8>) {
        guard text.count == Self.length, let word = WordCharacters.pack(text) else { return nil }
        self.word = word
    }
}
