import Observations
@testable import MailboxRules
import WormholeWire

/// The stored state as a journal sees it: built from changes alone, to be compared with what the store holds.
struct JournalModel {
    private(set) var nameplates: [Int64: NameplateEntry] = [:]
    private(set) var mailboxes: [MailboxID: MailboxEntry] = [:]

    /// What would be read back after a restart.
    var stored: StoredChannels {
        var stored = StoredChannels(mailboxes: Array(mailboxes.values), nameplates: Array(nameplates.values))
        stored.lastRows.nameplate = nameplates.keys.max() ?? 0
        stored.lastRows.nameplateSide = nameplates.values.flatMap { $0.sides.map(\.row) }.max() ?? 0
        stored.lastRows.mailboxSide = mailboxes.values.flatMap { $0.sides.map(\.row) }.max() ?? 0
        return stored
    }

    mutating func apply(_ change: Change) {
        switch change {
        case .mailboxCreated(let app, let id, let isForNameplate, let updated):
            mailboxes[id] = MailboxEntry(appID: app, id: id, isForNameplate: isForNameplate, updated: updated)
        case .mailboxSideAdded(let row, let id, let side, let added):
            mailboxes[id]?.sides.append(.init(row: row, side: side, added: added, isOpen: true, mood: nil))
        case .mailboxSideClosed(let row, let id, let side, let mood):
            let index = mailboxes[id]?.sides.firstIndex { $0.row == row && $0.side == side }
            guard let index else { preconditionFailure("a side is closed that is not there") }
            mailboxes[id]?.sides[index].isOpen = false
            mailboxes[id]?.sides[index].mood = mood
        case .mailboxTouched(let id, let updated):
            mailboxes[id]?.updated = updated
        case .messageAdded(_, let id, let message):
            mailboxes[id]?.append(message)
        case .mailboxDeleted(_, let id, let rows):
            precondition(Set(mailboxes[id]?.sides.map(\.row) ?? []) == Set(rows), "rows of sides are left behind")
            precondition(!nameplates.values.contains { $0.mailbox == id }, "a nameplate points to nothing")
            mailboxes[id] = nil
        case .nameplateCreated(let row, let app, let nameplate, let mailbox):
            precondition(mailboxes[mailbox] != nil, "a nameplate points to nothing")
            nameplates[row] = NameplateEntry(row: row, appID: app, nameplate: nameplate, mailbox: mailbox, sides: [])
        case .nameplateSideAdded(let row, let nameplate, let side, let added):
            nameplates[nameplate]?.sides.append(.init(row: row, side: side, added: added, isClaimed: true))
        case .nameplateSideReleased(let row, let number, let side):
            let index = nameplates[number]?.sides.firstIndex { $0.row == row && $0.side == side }
            guard let index else { preconditionFailure("a side releases that is not there") }
            nameplates[number]?.sides[index].isClaimed = false
        case .nameplateDeleted(let row, let rows):
            precondition(Set(nameplates[row]?.sides.map(\.row) ?? []) == Set(rows), "rows of sides are left behind")
            nameplates[row] = nil
        }
    }
}

extension MemoryStore {
    /// What the store holds that is not of the moment.
    var durable: StoredChannels {
        StoredChannels(mailboxes: Array(mailboxes.values), nameplates: nameplates.values.flatMap(\.values)).comparable
    }

    /// The first thing that should never be, in words.
    var brokenInvariant: String? {
        for (app, entries) in nameplates {
            for (name, entry) in entries {
                guard let mailbox = mailboxes[entry.mailbox] else { return "nameplate \(name) points to nothing" }
                if mailbox.appID != app || entry.appID != app { return "nameplate \(name) crosses applications" }
                if !mailbox.nameplates.contains(name) { return "mailbox does not know nameplate \(name)" }
                if !entry.sides.contains(where: \.isClaimed) { return "nobody holds nameplate \(name)" }
                if Set(entry.sides.map(\.side)).count != entry.sides.count { return "a side claims \(name) twice" }
                if entry.sides.count > 3 { return "nameplate \(name) remembers too many sides" }
            }
        }
        for (id, entry) in mailboxes {
            if !entry.sides.contains(where: \.isOpen) { return "nobody has mailbox \(id) open" }
            if Set(entry.sides.map(\.side)).count != entry.sides.count { return "a side has \(id) open twice" }
            if entry.sides.count > 3 { return "mailbox \(id) remembers too many sides" }
            if entry.storedBytes != entry.messages.reduce(0, { $0 + $1.storedBytes }) {
                return "bytes of \(id) miscounted"
            }
        }
        let messages = mailboxes.values.reduce(0) { $0 + $1.messages.count }
        if levels.storedMessages != messages { return "\(messages) messages counted as \(levels.storedMessages)" }
        if levels.mailboxes.total != mailboxes.count { return "mailboxes miscounted" }
        if levels.nameplates.total != nameplates.values.reduce(0, { $0 + $1.count }) { return "nameplates miscounted" }
        if limits.nameplatesPerSource > 0, heldNameplates.values.contains(where: { $0 > limits.nameplatesPerSource }) {
            return "a source holds too many nameplates"
        }
        if heldNameplates.values.contains(where: { $0 <= 0 }) { return "a source that holds nothing is remembered" }
        if levels.apps != Set(nameplates.keys).union(mailboxes.values.map(\.appID)).count { return "apps miscounted" }
        return nil
    }
}

extension StoredChannels {
    init(mailboxes: [MailboxEntry], nameplates: [NameplateEntry]) {
        self.init()
        for mailbox in mailboxes { insert(mailbox) }
        for nameplate in nameplates { insert(nameplate) }
    }

    /// Without what is only of the moment: times of activity, which are written down late, who listens, and who holds what.
    var comparable: StoredChannels {
        let nameplates = nameplates.values.flatMap(\.values).map { entry in
            NameplateEntry(
                row: entry.row,
                appID: entry.appID,
                nameplate: entry.nameplate,
                mailbox: entry.mailbox,
                sides: entry.sides
            )
        }
        let mailboxes = mailboxes.values.map { entry in
            MailboxEntry(
                appID: entry.appID,
                id: entry.id,
                isForNameplate: entry.isForNameplate,
                updated: Timestamp(microseconds: 0),
                sides: entry.sides.map {
                    .init(row: $0.row, side: $0.side, added: $0.added, isOpen: $0.isOpen, mood: $0.mood)
                },
                messages: entry.messages
            )
        }
        return StoredChannels(mailboxes: mailboxes, nameplates: nameplates)
    }
}

extension MailboxLevels.BySides {
    fileprivate var total: Int { lonely + paired + crowded }
}
