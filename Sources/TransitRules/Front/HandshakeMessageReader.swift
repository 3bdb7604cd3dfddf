internal import WormholeWire

/// Collects the first message of a WebSocket client, however it is cut into frames.
///
/// The message decides alone: it is one handshake, with or without its newline, or none.
package struct HandshakeMessageReader {
    private var held: [UInt8] = []

    package init() {}

    /// Reads on.
    ///
    /// - Parameter isFinal: Whether the message ends with these bytes.
    /// - Returns: The verdict, as soon as it is certain; `nil` while more may come. Never ``HandshakeVerdict/tooLong``: a
    ///   message that has become too long is a bad one, and is told so.
    package mutating func read(_ bytes: Span<UInt8>, isFinal: Bool) -> HandshakeVerdict? {
        guard held.count + bytes.count <= TransitHandshake.maximumLineLength else { return .badLine }
        bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
        guard isFinal else { return nil }
        if held.last == UInt8(ascii: "\n") { held.removeLast() }
        return TransitHandshake(line: held.span).map(HandshakeVerdict.handshake) ?? .badLine
    }
}
