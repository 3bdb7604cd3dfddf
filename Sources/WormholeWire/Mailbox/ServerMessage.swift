/// What the mailbox server says, one JSON object per WebSocket text message.
///
/// Source: Magic Wormhole server protocol, with the key sets of the reference server 0.8.0.
package enum ServerMessage: Equatable, Sendable {
    /// First on every connection, unprompted.
    case welcome(Welcome, address: ClientAddress?)
    /// Answers every object that has a `type`, before anything else is said about it.
    case ack(id: JSONText)
    case pong(JSONText)
    case nameplates([Nameplate])
    case allocated(Nameplate)
    case claimed(MailboxID)
    case released
    case closed
    case message(StoredMessage)
    /// Ends a command that failed; `original` is the whole offending object.
    case error(String, original: JSONText)
}

extension ServerMessage {
    /// Appends the message as one JSON object.
    ///
    /// - Parameter time: The server's clock just before sending, which every message carries as `server_tx`.
    package func write(at time: Timestamp, to writer: inout JSONWriter) {
        switch self {
        case .welcome(let welcome, let address):
            writer.append(raw: #"{"type": "welcome", "welcome": "#)
            welcome.write(address: address, to: &writer)
        case .ack(let id):
            writer.append(raw: #"{"type": "ack", "id": "#)
            writer.append(id)
        case .pong(let value):
            writer.append(raw: #"{"type": "pong", "pong": "#)
            writer.append(value)
        case .nameplates(let nameplates):
            writer.append(raw: #"{"type": "nameplates", "nameplates": ["#)
            for (index, nameplate) in nameplates.enumerated() {
                if index > 0 { writer.append(raw: ", ") }
                writer.append(raw: #"{"id": "#)
                writer.append(string: nameplate.digits)
                writer.append(raw: "}")
            }
            writer.append(raw: "]")
        case .allocated(let nameplate):
            writer.append(raw: #"{"type": "allocated", "nameplate": "#)
            writer.append(string: nameplate.digits)
        case .claimed(let mailbox):
            writer.append(raw: #"{"type": "claimed", "mailbox": "#)
            writer.append(string: mailbox.text)
        case .released:
            writer.append(raw: #"{"type": "released""#)
        case .closed:
            writer.append(raw: #"{"type": "closed""#)
        case .message(let message):
            writer.append(raw: #"{"type": "message", "side": "#)
            writer.append(string: message.side.text)
            writer.append(raw: #", "phase": "#)
            writer.append(string: message.phase.text)
            writer.append(raw: #", "body": "#)
            writer.append(string: message.body.text)
            writer.append(raw: #", "id": "#)
            writer.append(message.id)
            writer.append(raw: #", "server_rx": "#)
            writer.append(message.received)
        case .error(let text, let original):
            writer.append(raw: #"{"type": "error", "error": "#)
            writer.append(string: text)
            writer.append(raw: #", "orig": "#)
            writer.append(original)
        }
        writer.append(raw: #", "server_tx": "#)
        writer.append(time)
        writer.append(raw: "}")
    }
}

extension Welcome {
    fileprivate func write(address: ClientAddress?, to writer: inout JSONWriter) {
        var isFirst = true
        func key(_ name: StaticString) {
            if !isFirst { writer.append(raw: ", ") }
            writer.append(raw: name)
            isFirst = false
        }
        writer.append(raw: "{")
        if let motd {
            key(#""motd": "#)
            writer.append(string: motd)
        }
        if let currentClientVersion {
            key(#""current_cli_version": "#)
            writer.append(string: currentClientVersion)
        }
        if let error {
            key(#""error": "#)
            writer.append(string: error)
        }
        if let permission {
            // The Rust client, the only released one that solves it, wants `none` to be there, as `null` where it is
            // not allowed.
            key(#""permission-required": {"none": "#)
            writer.append(raw: permission.isRequired ? "null" : "{}")
            writer.append(raw: #", "hashcash": {"bits": "#)
            writer.append(permission.bits)
            writer.append(raw: #", "resource": "#)
            writer.append(string: permission.resource)
            writer.append(raw: "}}")
        }
        if let address {
            key(#""your-address": "#)
            let (text, port) =
                switch address {
                case .ipv4(let text, let port), .ipv6(let text, let port): (text, port)
                }
            writer.append(raw: #"{"port": "#)
            writer.append(port)
            if case .ipv4 = address { writer.append(raw: #", "ipv4": "#) } else { writer.append(raw: #", "ipv6": "#) }
            writer.append(string: text)
            writer.append(raw: "}")
        }
        writer.append(raw: "}")
    }
}
