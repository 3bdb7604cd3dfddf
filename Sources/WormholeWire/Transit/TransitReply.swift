/// The only bytes the relay says itself; each at most once to a connection, newline included.
package enum TransitReply: Hashable, Sendable, CaseIterable {
    /// A partner is there; what follows is theirs.
    case ok
    /// The line is no handshake.
    case badHandshake
    /// Something was sent before there was a partner.
    case impatient

    /// The line as it is sent.
    package var line: StaticString {
        switch self {
        case .ok: "ok\n"
        case .badHandshake: "bad handshake\n"
        case .impatient: "impatient\n"
        }
    }

    /// Calls `body` with the bytes of the line.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: line.utf8Start, count: line.utf8CodeUnitCount))
    }
}
