import GRDB
import MailboxRules
import WormholeWire

/// What a channel database holds, as it is read back; and what of it only older servers leave, which nobody can reach any more.
///
/// Two connections may read it at a time: one the mailboxes, the other the nameplates.
struct ChannelContents: Sendable {
    private(set) var stored = StoredChannels()
    /// Whether there are messages whose mailbox is gone.
    private var hasOrphans = false
    /// Nameplates whose name is none.
    private var misnamed: [Int64] = []

    /// What was read of nameplates.
    struct Nameplates: Sendable {
        fileprivate var entries: [AppID: [Nameplate: NameplateEntry]] = [:]
        fileprivate var misnamed: [Int64] = []
        fileprivate var lastRow: Int64 = 0
        fileprivate var lastSideRow: Int64 = 0
    }

    /// Goes with the mailboxes, which are there already.
    mutating func take(_ nameplates: Nameplates) {
        stored.take(nameplates.entries)
        stored.lastRows.nameplate = nameplates.lastRow
        stored.lastRows.nameplateSide = nameplates.lastSideRow
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
        var mailboxes: [MailboxID: MailboxEntry] = [:]
        mailboxes.reserveCapacity(try Int.fetchOne(db, sql: "SELECT count(*) FROM mailboxes") ?? 0)
        var appIDs = AppIDCache()
        try db.makeStatement(sql: "SELECT app_id, id, for_nameplate, updated FROM mailboxes").forEachRow { row in
            let id = MailboxID(unchecked: WireString(row.text(1)))
            mailboxes[id] = MailboxEntry(
                appID: appIDs.appID(of: row, column: 0),
                id: id,
                isForNameplate: row.bool(2),
                updated: row.time(3)
            )
        }
        // Rows come in the order they were written in, which as good as always is that of their times; so the others are put
        // in order here, and not all of them by the database.
        let sideRows = "SELECT mailbox_id, rowid, side, added, opened, mood FROM mailbox_sides ORDER BY rowid"
        try db.makeStatement(sql: sideRows).forEachRow { row in
            guard let index = mailboxes.index(forKey: MailboxID(unchecked: WireString(row.text(0)))) else { return }
            let side = MailboxEntry.OpeningSide(
                row: row.integer(1),
                side: Side(unchecked: WireString(row.text(2))),
                added: row.time(3),
                isOpen: row.bool(4),
                mood: row.optionalText(5)
            )
            mailboxes.values[index].sides.append(side)
            mailboxes.values[index].sides.settleLast(by: \.added)
        }
        let messageRows = "SELECT mailbox_id, side, phase, body, msg_id, server_rx FROM messages ORDER BY rowid"
        try db.makeStatement(sql: messageRows).forEachRow { row in
            guard let index = mailboxes.index(forKey: MailboxID(unchecked: WireString(row.text(0)))) else {
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
            mailboxes.values[index].append(message)
            mailboxes.values[index].messages.settleLast(by: \.received)
            // A message is activity too, and its time is always written down.
            mailboxes.values[index].wasActive(at: message.received)
        }
        stored.mailboxes = mailboxes
        stored.lastRows.mailboxSide = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM mailbox_sides") ?? 0
    }

    /// Reads nameplates and their sides.
    static func nameplates(_ db: Database) throws -> Nameplates {
        var nameplates = Nameplates()
        var sides: [Int64: [NameplateEntry.ClaimingSide]] = [:]
        sides.reserveCapacity(try Int.fetchOne(db, sql: "SELECT count(*) FROM nameplate_sides") ?? 0)
        let sideRows = "SELECT nameplates_id, rowid, side, added, claimed FROM nameplate_sides ORDER BY rowid"
        try db.makeStatement(sql: sideRows).forEachRow { row in
            let number = row.integer(0)
            let side = NameplateEntry.ClaimingSide(
                row: row.integer(1),
                side: Side(unchecked: WireString(row.text(2))),
                added: row.time(3),
                isClaimed: row.bool(4)
            )
            sides[number, default: []].append(side)
            sides[number]?.settleLast(by: \.added)
        }
        let uses = "SELECT app_id, count(*) FROM nameplates GROUP BY app_id"
        try db.makeStatement(sql: uses).forEachRow { row in
            let app = AppID(unchecked: WireString(row.text(0)))
            nameplates.entries[app] = Dictionary(minimumCapacity: Int(row.integer(1)))
        }
        var appIDs = AppIDCache()
        let rows = "SELECT id, app_id, name, mailbox_id FROM nameplates ORDER BY id"
        try db.makeStatement(sql: rows).forEachRow { row in
            let number = row.integer(0)
            guard let nameplate = Nameplate(row.text(2)) else { return nameplates.misnamed.append(number) }
            let app = appIDs.appID(of: row, column: 1)
            nameplates.entries[app, default: [:]][nameplate] = NameplateEntry(
                row: number,
                appID: app,
                nameplate: nameplate,
                mailbox: MailboxID(unchecked: WireString(row.text(3))),
                sides: sides[number] ?? []
            )
        }
        // Such as have misnamed ones alone.
        if !nameplates.misnamed.isEmpty { nameplates.entries = nameplates.entries.filter { !$0.value.isEmpty } }
        let given = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'nameplates'") ?? 0
        nameplates.lastRow = max(given, try Int64.fetchOne(db, sql: "SELECT max(id) FROM nameplates") ?? 0)
        nameplates.lastSideRow = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM nameplate_sides") ?? 0
        return nameplates
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
    /// Moves the last element before those of later times, and behind those of its own; all others are in order.
    fileprivate mutating func settleLast(by time: KeyPath<Element, Timestamp>) {
        guard count > 1, let last else { return }
        let behind = dropLast().lastIndex { $0[keyPath: time] <= last[keyPath: time] }.map { $0 + 1 } ?? 0
        guard behind < count - 1 else { return }
        insert(removeLast(), at: behind)
    }
}

extension SQLiteRow {
    /// Seconds since the epoch, whole or with a fraction; 0 for NULL.
    fileprivate func time(_ column: CInt) -> Timestamp { Timestamp(seconds: real(column)) }
}
