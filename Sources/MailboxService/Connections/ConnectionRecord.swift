import Observations
import WormholeWire

/// What one connection has done so far. Never its address.
struct ConnectionRecord {
    let connected: Timestamp
    let addressID: AddressID?
    /// When its last command came; when it connected, before the first.
    private(set) var active: Timestamp
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
