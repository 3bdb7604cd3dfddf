package import WormholeWire

/// What became of a client's first line.
package enum HandshakeVerdict: Hashable, Sendable {
    case handshake(TransitHandshake)
    /// A complete line that is something else.
    case badLine
    /// More than a line may have: not even judged.
    case tooLong
}

/// Collects the first line of a TCP client, however it is cut into segments.
///
/// Holds nothing when the line comes in one piece, and never more than 1,024 bytes.
package struct HandshakeReader {
    private var held: [UInt8] = []

    package init() {}

    /// Reads on.
    ///
    /// - Returns: The verdict and how many of `bytes` belong to the line, its newline included; the rest is payload.
    ///   `nil` while the line is not complete.
    package mutating func read(_ bytes: Span<UInt8>) -> (verdict: HandshakeVerdict, consumed: Int)? {
        let limit = TransitHandshake.maximumLineLength
        // A newline further on would not change the verdict, so it is not looked for.
        let searched = min(bytes.count, limit - held.count + 1)
        guard let end = bytes.firstNewline(in: 0..<searched) else {
            guard held.count + bytes.count <= limit else { return (.tooLong, bytes.count) }
            bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
            return nil
        }
        let handshake: TransitHandshake?
        if held.isEmpty {
            handshake = TransitHandshake(line: bytes.extracting(0..<end))
        } else {
            bytes.extracting(0..<end).withUnsafeBufferPointer { held.append(contentsOf: $0) }
            handshake = TransitHandshake(line: held.span)
        }
        return (handshake.map(HandshakeVerdict.handshake) ?? .badLine, end + 1)
    }
}

extension Span<UInt8> {
    fileprivate func firstNewline(in range: Range<Int>) -> Int? {
        for index in range where self[index] == UInt8(ascii: "\n") { return index }
        return nil
    }
}
