import GRDB
import MailboxRules
import WormholeWire

/// What a channel database holds, as it is read back; and what of it only older servers leave, which nobody can reach any more.
struct ChannelContents {
    private(set) var stored = StoredChannels()
    /// Whether there are messages whose mailbox is gone.
    private var hasOrphans = false
    /// Nameplates whose name is none.
    private var misnamed: [Int64] = []

    /// Nothing yet.
    init() {}

    /// Reads everything, one table after the other.
    init(_ db: Database) throws {
        try readMailboxes(db)
        try readNameplates(db)
    }

    /// What was read by two connections at a time: one for the mailboxes, the other for the nameplates.
    init(mailboxes: Self, nameplates: Self) {
        self = mailboxes
        stored.nameplates = nameplates.stored.nameplates
        stored.lastRows.nameplate = nameplates.stored.lastRows.nameplate
        stored.lastRows.nameplateSide = nameplates.stored.lastRows.nameplateSide
        misnamed = nameplates.misnamed
    }

    /// Deletes what nobody can reach.
    func removeLeftovers(_ db: Database) throws {
        if hasOrphans {
            try db.execute(sql: "DELETE FROM messages WHERE mailbox_id NOT IN (SELECT id FROM mailboxes)")
        }
        // Older servers took names that are none, which nobody can claim or release any more.
        for number in misnamed {
            try db.execute(sql: "DELETE FROM nameplate_sides WHERE nameplates_id = ?", arguments: [number])
            try db.execute(sql: "DELETE FROM nameplates WHERE id = ?", arguments: [number])
        }
    }

    /// Reads mailboxes, their sides and their messages.
    mutating func readMailboxes(_ db: Database) throws {
        var mailboxes: [MailboxEntry] = []
        var indices: [MailboxID: Int] = [:]
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM mailboxes") ?? 0
        mailboxes.reserveCapacity(count)
        indices.reserveCapacity(count)
        var appIDs = AppIDCache()
        try db.makeStatement(sql: "SELECT app_id, id, for_nameplate, updated FROM mailboxes").forEachRow { row in
            let mailbox = MailboxEntry(
                appID: appIDs.appID(of: row, column: 0),
                id: MailboxID(unchecked: WireString(row.text(1))),
                isForNameplate: row.bool(2),
                updated: row.time(3)
            )
            indices[mailbox.id] = mailboxes.count
            mailboxes.append(mailbox)
        }
        // Rows come in the order they were written in, which as good as always is that of their times; so they are put in
        // order here, and not by the database, which would sort them all.
        let sideRows = "SELECT mailbox_id, rowid, side, added, opened, mood FROM mailbox_sides ORDER BY rowid"
        try db.makeStatement(sql: sideRows).forEachRow { row in
            guard let index = indices[MailboxID(unchecked: WireString(row.text(0)))] else { return }
            let side = MailboxEntry.OpeningSide(
                row: row.integer(1),
                side: Side(unchecked: WireString(row.text(2))),
                added: row.time(3),
                isOpen: row.bool(4),
                mood: row.optionalText(5)
            )
            mailboxes[index].sides.append(side)
        }
        let messageRows = "SELECT mailbox_id, side, phase, body, msg_id, server_rx FROM messages ORDER BY rowid"
        try db.makeStatement(sql: messageRows).forEachRow { row in
            guard let index = indices[MailboxID(unchecked: WireString(row.text(0)))] else {
                hasOrphans = true
                return
            }
            let message = StoredMessage(
                side: Side(unchecked: WireString(row.text(1))),
                phase: Phase(unchecked: WireString(row.text(2))),
                body: WireString(row.text(3)),
                id: row.optionalText(4).map { JSONText(encoding: $0) } ?? .null,
                received: row.time(5)
            )
            mailboxes[index].append(message)
            // A message is activity too, and its time is always written down.
            _ = mailboxes[index].touch(at: message.received)
        }
        for index in mailboxes.indices {
            mailboxes[index].sides.order(by: \.added)
            mailboxes[index].messages.order(by: \.received)
        }
        stored.mailboxes = mailboxes
        stored.lastRows.mailboxSide = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM mailbox_sides") ?? 0
    }

    /// Reads nameplates and their sides.
    mutating func readNameplates(_ db: Database) throws {
        var sides: [Int64: [NameplateEntry.ClaimingSide]] = [:]
        let sideRows = "SELECT nameplates_id, rowid, side, added, claimed FROM nameplate_sides ORDER BY rowid"
        try db.makeStatement(sql: sideRows).forEachRow { row in
            let side = NameplateEntry.ClaimingSide(
                row: row.integer(1),
                side: Side(unchecked: WireString(row.text(2))),
                added: row.time(3),
                isClaimed: row.bool(4)
            )
            sides[row.integer(0), default: []].append(side)
        }
        var nameplates: [NameplateEntry] = []
        var appIDs = AppIDCache()
        let rows = "SELECT id, app_id, name, mailbox_id FROM nameplates ORDER BY id"
        try db.makeStatement(sql: rows).forEachRow { row in
            let number = row.integer(0)
            guard let nameplate = Nameplate(row.text(2)) else { return misnamed.append(number) }
            let entry = NameplateEntry(
                row: number,
                appID: appIDs.appID(of: row, column: 1),
                nameplate: nameplate,
                mailbox: MailboxID(unchecked: WireString(row.text(3))),
                sides: (sides.removeValue(forKey: number) ?? []).ordered(by: \.added)
            )
            nameplates.append(entry)
        }
        let given = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'nameplates'") ?? 0
        stored.nameplates = nameplates
        stored.lastRows.nameplate = max(given, try Int64.fetchOne(db, sql: "SELECT max(id) FROM nameplates") ?? 0)
        stored.lastRows.nameplateSide = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM nameplate_sides") ?? 0
    }
}

/// One copy of the application's name for all rows that follow one another and have it.
private struct AppIDCache {
    private var last = AppID(unchecked: "")

    mutating func appID(of row: SQLiteRow, column: CInt) -> AppID {
        if !row.holds(last.text, in: column) { last = AppID(unchecked: WireString(row.text(column))) }
        return last
    }
}

extension Array {
    /// Puts the elements in the order of their times; those of the same time stay as they stand.
    fileprivate mutating func order(by time: KeyPath<Element, Timestamp>) {
        guard zip(self, dropFirst()).contains(where: { $0[keyPath: time] > $1[keyPath: time] }) else { return }
        self = enumerated()
            .sorted { ($0.element[keyPath: time], $0.offset) < ($1.element[keyPath: time], $1.offset) }
            .map(\.element)
    }

    fileprivate func ordered(by time: KeyPath<Element, Timestamp>) -> Self {
        var copy = self
        copy.order(by: time)
        return copy
    }
}

extension SQLiteRow {
    /// Seconds since the epoch, whole or with a fraction; 0 for NULL.
    fileprivate func time(_ column: CInt) -> Timestamp { Timestamp(seconds: real(column)) }
}
