/// What one WebSocket message from a client turned out to be.
package enum ClientFrame: Equatable, Sendable {
    case message(ClientMessage)
    /// An object without `type`: answered without an `ack`.
    case missingType(original: JSONText)
    /// JSON, but no object.
    case notAnObject(original: JSONText)
    /// Not JSON that we take.
    case invalidJSON
}

extension ClientFrame {
    /// Judges one message.
    ///
    /// - Parameter bytes: The payload of a text or binary message; nothing is assumed about it.
    package init(_ bytes: some Collection<UInt8>) {
        guard var text = Self.text(bytes) else {
            self = .invalidJSON
            return
        }
        let original = JSONText(valid: text)
        switch text.withUTF8({ utf8 in Result { () throws(JSONError) in try CommandMembers.scan(utf8) } }) {
        case .failure: self = .invalidJSON
        case .success(nil): self = .notAnObject(original: original)
        case .success(let members?):
            guard let command = members.command else {
                self = .missingType(original: original)
                return
            }
            self = .message(ClientMessage(command: command, id: members.id ?? .null, original: original))
        }
    }
    /// - Returns: `nil` for bytes that are not UTF-8.
    private static func text(_ bytes: some Collection<UInt8>) -> String? {
        // Nearly all messages are ASCII alone, which is seen, and copied, several times faster.
        let text = bytes.withContiguousStorageIfAvailable { bytes in
            bytes.allSatisfy { $0 < 0x80 } ? String(decoding: bytes, as: UTF8.self) : nil
        }
        return (text ?? nil) ?? String(validating: bytes, as: UTF8.self)
    }
}
