import Observations
import WormholeWire

/// What one connection has done so far. Never its address.
struct ConnectionRecord {
    let connected: Timestamp
    let addressID: AddressID?
    /// When its last command came; when it connected, before the first.
    private(set) var active: Timestamp
    /// Payload so far: from the client, and to it, what still waits for it included.
    var bytesReceived: UInt64 = 0
    var bytesSent: UInt64 = 0
    /// Allocated for clients that say something of their program.
    private var program: Program?
    /// How often each command came, in the order of `MailboxCommand`; no more is counted than fits.
    private var counts = InlineArray<11, UInt16>(repeating: 0)

    init(connected: Timestamp, addressID: AddressID?) {
        self.connected = connected
        self.addressID = addressID
        active = connected
    }

    mutating func note(_ command: MailboxCommand, at now: Timestamp) {
        active = now
        let place = command.place
        if counts[place] < .max { counts[place] += 1 }
    }

    /// What the client said of its program in the `bind` that counts.
    var client: ClientVersion? {
        get { program?.version }
        set { program = newValue.map { Program($0.shortened) } }
    }

    private final class Program {
        let version: ClientVersion
        init(_ version: ClientVersion) { self.version = version }
    }

    /// How often each command came that did.
    var commands: [MailboxCommand: Int] {
        var commands: [MailboxCommand: Int] = [:]
        for command in MailboxCommand.allCases where counts[command.place] > 0 {
            commands[command] = Int(counts[command.place])
        }
        return commands
    }
}

extension MailboxCommand {
    fileprivate var place: Int {
        switch self {
        case .bind: 0
        case .list: 1
        case .allocate: 2
        case .claim: 3
        case .release: 4
        case .open: 5
        case .add: 6
        case .close: 7
        case .ping: 8
        case .submitPermissions: 9
        case .unknown: 10
        }
    }
}

extension ClientVersion {
    /// The same in no more bytes than real programs need, for as long as the connection lives.
    fileprivate var shortened: ClientVersion {
        let limit = 64
        func short(_ text: String?) -> String? {
            guard let text, text.utf8.count > limit else { return text }
            return String(decoding: text.utf8.prefix(limit), as: UTF8.self)
        }
        return ClientVersion(implementation: short(implementation), version: short(version))
    }
}
