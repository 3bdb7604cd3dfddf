/// One command of a client, as far as a single frame can be judged by itself.
package struct ClientMessage: Equatable, Sendable {
    package let command: ClientCommand
    /// The command's `id`, echoed in the `ack`; `null` when it has none.
    package let id: JSONText
    /// The whole object as it was sent, for the `orig` of an `error`.
    package let original: JSONText

    package init(command: ClientCommand, id: JSONText, original: JSONText) {
        self.command = command
        self.id = id
        self.original = original
    }
}

/// A value a command may carry. Whether it must be there, and what is said when it is not, depends on the state of the
/// connection, so all outcomes are kept.
package enum Field<Value: Equatable & Sendable>: Equatable, Sendable {
    case absent
    /// There, but of the wrong JSON type or form.
    case malformed
    /// There, but longer than such a name may be.
    case tooLong
    case present(Value)
}

/// What a client may ask of the mailbox server.
///
/// Source: Magic Wormhole server protocol; `submit-permissions` in both spellings that are in use.
package enum ClientCommand: Equatable, Sendable {
    /// Echoed as `pong`; `nil` when the key is missing.
    case ping(JSONText?)
    case bind(appID: Field<AppID>, side: Field<Side>, client: ClientVersion?)
    case list
    case allocate
    case claim(Field<Nameplate>)
    /// Any text, because it is compared with the claimed one before it is judged.
    case release(Field<WireString>)
    case open(Field<MailboxID>)
    case add(phase: Field<Phase>, body: Field<WireString>)
    /// The mood is `nil` when it is missing or not text.
    case close(Field<MailboxID>, mood: String?)
    case submitPermissions(method: Field<WireString>, stamp: Field<WireString>)
    /// Any other `type`, one that is not text included.
    case unknown
}

/// The first two elements of `client_version`, as text.
package struct ClientVersion: Equatable, Sendable {
    /// Such as `python`; `nil` for JSON `null`.
    package let implementation: String?
    /// `nil` for JSON `null`.
    package let version: String?

    package init(implementation: String?, version: String?) {
        self.implementation = implementation
        self.version = version
    }
}
