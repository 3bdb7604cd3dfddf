package import NIOWebSocket

/// A way in which a client broke the rules of RFC 6455.
package enum WebSocketViolation: Sendable, Equatable, CaseIterable {
    /// RSV1, RSV2 or RSV3 is set, though no extension gives them a meaning.
    case reservedBits
    /// Opcodes 3 to 7 and 11 to 15.
    case reservedOpcode
    /// A client must mask every frame.
    case unmasked
    /// A control frame has no FIN.
    case fragmentedControl
    /// A control frame announces more than 125 bytes.
    case longControl
    /// A continuation where no message is unfinished.
    case strayContinuation
    /// A new message while one is unfinished.
    case missingContinuation
    /// A length of 2^63 bytes or more.
    case impossibleLength
    /// A length that takes more bytes than it needs.
    case wastefulLength
    /// A Close payload of one byte.
    case truncatedCloseCode
    /// A Close code that must not be sent.
    case forbiddenCloseCode
    /// A text message or Close reason that is not UTF-8.
    case invalidText
    /// More than the limit for a message.
    case messageTooBig

    /// The code of the Close that answers it.
    package var code: WebSocketErrorCode {
        switch self {
        case .reservedBits, .reservedOpcode, .unmasked, .fragmentedControl, .longControl, .strayContinuation,
            .missingContinuation, .impossibleLength, .wastefulLength, .truncatedCloseCode, .forbiddenCloseCode:
            .protocolError
        case .invalidText: .dataInconsistentWithMessage
        case .messageTooBig: .messageTooLarge
        }
    }
}
