/// The line a client sends before anything is relayed.
///
///     please relay <token>\n                        78 bytes, clients of old
///     please relay <token> for side <side>\n        104 bytes
///
/// Exactly so: one space between words, lower case, nothing before and nothing after. The newline ends the line and is not
/// part of what is parsed here.
///
/// Source: magic-wormhole-transit-relay 0.5.0, `transit_server.py` (`_got_handshake`).
package struct TransitHandshake: Hashable, Sendable {
    package let token: TransitToken
    /// `nil` for a client of old, which may be paired with anyone.
    package let side: TransitSide?

    /// The most bytes a line may have before its newline to be judged at all; longer ones get no answer.
    package static let maximumLineLength = 1024

    package init(token: TransitToken, side: TransitSide?) {
        self.token = token
        self.side = side
    }

    /// - Parameter line: The line without its newline.
    /// - Returns: `nil` when it is anything else.
    package init?(line: Span<UInt8>) {
        var rest = line
        guard Self.take("please relay ", from: &rest), rest.count >= TransitToken.length,
            let token = TransitToken(rest.extracting(first: TransitToken.length))
        else { return nil }
        self.token = token
        rest = rest.extracting(droppingFirst: TransitToken.length)
        if rest.isEmpty {
            side = nil
            return
        }
        guard Self.take(" for side ", from: &rest), let side = TransitSide(rest) else { return nil }
        self.side = side
    }

    /// Takes a fixed text off the front of what is left.
    private static func take(_ text: StaticString, from rest: inout Span<UInt8>) -> Bool {
        guard rest.count >= text.utf8CodeUnitCount else { return false }
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        for index in expected.indices where rest[index] != expected[index] { return false }
        rest = rest.extracting(droppingFirst: text.utf8CodeUnitCount)
        return true
    }
}
