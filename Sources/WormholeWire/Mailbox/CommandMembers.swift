/// The members of a command that mean something, taken out of its JSON in one pass. Of a key given twice, the last counts.
struct CommandMembers {
    /// The keys that some command reads; all others are skipped.
    private enum Key: String {
        case type, id, ping, side, nameplate, mailbox, phase, body, mood, method, stamp
        case appID = "appid"
        case clientVersion = "client_version"

        /// Long texts take Swift the square of their length to compare with any.
        init?(_ text: String) {
            guard text.utf8.count <= Self.clientVersion.rawValue.utf8.count else { return nil }
            self.init(rawValue: text)
        }
    }

    private(set) var id: JSONText?
    private var type: Field<String> = .absent
    private var ping: JSONText?
    private var clientVersion: ClientVersion?
    private var appID: Field<String> = .absent
    private var side: Field<String> = .absent
    private var nameplate: Field<String> = .absent
    private var mailbox: Field<String> = .absent
    private var phase: Field<String> = .absent
    private var body: Field<String> = .absent
    private var mood: Field<String> = .absent
    private var method: Field<String> = .absent
    private var stamp: Field<String> = .absent

    /// - Returns: `nil` when the text is JSON, but no object.
    static func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> CommandMembers? {
        var scanner = JSONScanner(bytes)
        guard scanner.peek() == UInt8(ascii: "{") else {
            _ = try scanner.value()
            try scanner.expectEnd()
            return nil
        }
        var members = CommandMembers()
        try scanner.members { (scanner, key) throws(JSONError) in
            try members.take(scanner.text(of: key), from: &scanner)
        }
        try scanner.expectEnd()
        return members
    }

    private mutating func take(_ key: String, from scanner: inout JSONScanner) throws(JSONError) {
        switch Key(key) {
        case .type: type = try scanner.textField()
        case .id: id = try scanner.verbatim()
        case .ping: ping = try scanner.verbatim()
        case .side: side = try scanner.textField()
        case .nameplate: nameplate = try scanner.textField()
        case .mailbox: mailbox = try scanner.textField()
        case .phase: phase = try scanner.textField()
        case .body: body = try scanner.textField()
        case .mood: mood = try scanner.textField()
        case .method: method = try scanner.textField()
        case .stamp: stamp = try scanner.textField()
        case .appID: appID = try scanner.textField()
        case .clientVersion: clientVersion = try scanner.clientVersion()
        case nil: _ = try scanner.value(depth: 1)
        }
    }

    /// The command the members make, `nil` without a `type`.
    var command: ClientCommand? {
        switch type {
        case .absent: nil
        case .malformed, .tooLong: .unknown
        case .present(let type): command(named: type)
        }
    }

    private func command(named type: String) -> ClientCommand {
        // As with keys.
        guard type.utf8.count <= "submit-permissions".utf8.count else { return .unknown }
        return switch type {
        case "ping": .ping(ping)
        case "bind": .bind(appID: appID.identifier(), side: side.identifier(), client: clientVersion)
        case "list": .list
        case "allocate": .allocate
        case "claim": .claim(nameplate.nameplate)
        case "release": .release(nameplate.string)
        case "open": .open(mailbox.identifier())
        case "add": .add(phase: phase.identifier(), body: body.string)
        case "close": .close(mailbox.identifier(), mood: moodText)
        case "submit-permissions", "submit-permission":
            .submitPermissions(method: method.string, stamp: stamp.string)
        default: .unknown
        }
    }

    /// Known moods have at most nine letters; what is too long to be kept is as good as none.
    private var moodText: String? {
        guard case .present(let mood) = mood, mood.utf8.count <= MailboxID.maximumLength else { return nil }
        return mood
    }
}

extension Field<String> {
    /// The name the text stands for, unless it is too long for one.
    fileprivate func identifier<Name: WireIdentifier>() -> Field<Name> {
        flatMap { Name($0).map { .present($0) } ?? .tooLong }
    }

    fileprivate var nameplate: Field<Nameplate> {
        flatMap { Nameplate($0).map { .present($0) } ?? .malformed }
    }

    fileprivate var string: Field<WireString> {
        flatMap { .present(WireString($0)) }
    }

    private func flatMap<Judged>(_ judge: (String) -> Field<Judged>) -> Field<Judged> {
        switch self {
        case .absent: .absent
        case .malformed: .malformed
        case .tooLong: .tooLong
        case .present(let text): judge(text)
        }
    }
}

extension JSONScanner {
    /// Goes past a member's value and keeps its text as it stands.
    fileprivate mutating func verbatim() throws(JSONError) -> JSONText {
        let (_, range) = try value(depth: 1)
        return JSONText(valid: String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self))
    }

    /// Goes past a member's value, which is of use only if it is text.
    fileprivate mutating func textField() throws(JSONError) -> Field<String> {
        guard peek() == UInt8(ascii: "\"") else {
            _ = try value(depth: 1)
            return .malformed
        }
        return .present(text(of: try stringToken()))
    }

    /// Goes past the value of `client_version`.
    ///
    /// - Returns: `nil` unless it is an array of at least two elements, each of them at most 1,024 bytes as text.
    fileprivate mutating func clientVersion() throws(JSONError) -> ClientVersion? {
        guard peek() == UInt8(ascii: "[") else {
            _ = try value(depth: 1)
            return nil
        }
        var texts: [String?] = []
        var count = 0
        try elements(depth: 1) { (scanner) throws(JSONError) in
            count += 1
            guard count <= 2 else {
                _ = try scanner.value(depth: 2)
                return
            }
            let start = scanner
            let (kind, range) = try scanner.value(depth: 2)
            switch kind {
            case .null: texts.append(nil)
            case .string:
                var token = start
                _ = token.peek()
                texts.append(token.text(of: try token.stringToken()))
            case .object, .array, .number, .bool:
                let raw = UnsafeBufferPointer(rebasing: scanner.bytes[range])
                texts.append(String(decoding: raw, as: UTF8.self))
            }
        }
        guard texts.count == 2, texts.allSatisfy({ ($0?.utf8.count ?? 0) <= Side.maximumLength }) else {
            return nil
        }
        return ClientVersion(implementation: texts[0], version: texts[1])
    }
}
