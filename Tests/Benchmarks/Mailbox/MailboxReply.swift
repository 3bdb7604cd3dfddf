/// What a mailbox server says, as far as the load generator checks it.
enum MailboxReply: Equatable {
    case welcome
    case ack(id: String)
    case nameplates([String])
    case allocated(nameplate: String)
    case claimed(mailbox: String)
    case released
    case closed
    case message(side: String, phase: String, body: String)

    /// - Throws: For anything else, an `error` included.
    init(_ payload: UnsafeRawBufferPointer) throws(BenchmarkError) {
        var fields = Fields()
        for (key, value) in FlatJSON(payload) {
            switch key {
            case "type": fields.type = value
            case "id": fields.id = value
            case "nameplate": fields.nameplate = value
            case "nameplates": fields.nameplates = value
            case "mailbox": fields.mailbox = value
            case "side": fields.side = value
            case "phase": fields.phase = value
            case "body": fields.body = value
            default: break
            }
        }
        switch fields.type {
        case "welcome": self = .welcome
        case "ack": self = .ack(id: fields.id)
        case "nameplates": self = .nameplates(Self.identifiers(fields.nameplates))
        case "allocated": self = .allocated(nameplate: fields.nameplate)
        case "claimed": self = .claimed(mailbox: fields.mailbox)
        case "released": self = .released
        case "closed": self = .closed
        case "message": self = .message(side: fields.side, phase: fields.phase, body: fields.body)
        default: throw BenchmarkError("the server said \(String(decoding: payload, as: UTF8.self))")
        }
    }

    /// The values of `[{"id": "1"}, {"id": "2"}]`: every other string.
    private static func identifiers(_ list: String) -> [String] {
        list.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 4 == 3 }.map { String($0.element) }
    }

    private struct Fields {
        var type = ""
        var id = ""
        var nameplate = ""
        var nameplates = ""
        var mailbox = ""
        var side = ""
        var phase = ""
        var body = ""
    }
}
