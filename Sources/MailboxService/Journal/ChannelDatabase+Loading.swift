import GRDB
package import MailboxRules
import WormholeWire

extension ChannelDatabase {
    /// Reads the whole stored state back, and removes what only older servers leave: messages whose mailbox is gone, and
    /// nameplates whose name is none.
    ///
    /// - Throws: ``ChannelDatabaseError``.
    package func load() throws -> StoredChannels {
        do {
            return try queue.inDatabase { db in
                let orphans = "FROM messages WHERE mailbox_id NOT IN (SELECT id FROM mailboxes)"
                if try Int.fetchOne(db, sql: "SELECT 1 \(orphans) LIMIT 1") != nil {
                    try db.execute(sql: "DELETE \(orphans)")
                }
                var stored = StoredChannels()
                stored.mailboxes = try Self.mailboxes(db)
                stored.nameplates = try Self.nameplates(db)
                stored.lastRows = try Self.lastRows(db)
                return stored
            }
        } catch {
            throw ChannelDatabaseError(error, using: path)
        }
    }

    private static func mailboxes(_ db: Database) throws -> [MailboxEntry] {
        var sides: [MailboxID: [MailboxEntry.OpeningSide]] = [:]
        let sideRows = try Row.fetchCursor(
            db,
            sql: """
                SELECT rowid, CAST(mailbox_id AS BLOB) AS mailbox_id, CAST(side AS BLOB) AS side, opened, added,
                    CAST(mood AS BLOB) AS mood
                FROM mailbox_sides ORDER BY added, rowid
                """
        )
        while let row = try sideRows.next() {
            let mailbox = MailboxID(unchecked: WireString(row.text("mailbox_id")))
            let side = MailboxEntry.OpeningSide(
                row: row["rowid"],
                side: Side(unchecked: WireString(row.text("side"))),
                added: row.time("added"),
                isOpen: row["opened"] ?? false,
                mood: row.optionalText("mood")
            )
            sides[mailbox, default: []].append(side)
        }
        var messages: [MailboxID: [StoredMessage]] = [:]
        let messageRows = try Row.fetchCursor(
            db,
            sql: """
                SELECT CAST(mailbox_id AS BLOB) AS mailbox_id, CAST(side AS BLOB) AS side, CAST(phase AS BLOB) AS phase,
                    CAST(body AS BLOB) AS body, server_rx, CAST(msg_id AS BLOB) AS msg_id
                FROM messages ORDER BY server_rx, rowid
                """
        )
        while let row = try messageRows.next() {
            let message = StoredMessage(
                side: Side(unchecked: WireString(row.text("side"))),
                phase: Phase(unchecked: WireString(row.text("phase"))),
                body: WireString(row.text("body")),
                id: row.optionalText("msg_id").map { JSONText(encoding: $0) } ?? .null,
                received: row.time("server_rx")
            )
            messages[MailboxID(unchecked: WireString(row.text("mailbox_id"))), default: []].append(message)
        }
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT CAST(app_id AS BLOB) AS app_id, CAST(id AS BLOB) AS id, updated, for_nameplate FROM mailboxes"
        )
        return rows.map { row in
            let id = MailboxID(unchecked: WireString(row.text("id")))
            let messages = messages[id] ?? []
            // A message is activity too, and its time is always written down.
            let updated = max(row.time("updated"), messages.last?.received ?? row.time("updated"))
            return MailboxEntry(
                appID: AppID(unchecked: WireString(row.text("app_id"))),
                id: id,
                isForNameplate: row["for_nameplate"] ?? false,
                updated: updated,
                sides: sides[id] ?? [],
                messages: messages
            )
        }
    }

    private static func nameplates(_ db: Database) throws -> [NameplateEntry] {
        var sides: [Int64: [NameplateEntry.ClaimingSide]] = [:]
        let sideRows = try Row.fetchCursor(
            db,
            sql: """
                SELECT rowid, nameplates_id, CAST(side AS BLOB) AS side, claimed, added
                FROM nameplate_sides ORDER BY added, rowid
                """
        )
        while let row = try sideRows.next() {
            let side = NameplateEntry.ClaimingSide(
                row: row["rowid"],
                side: Side(unchecked: WireString(row.text("side"))),
                added: row.time("added"),
                isClaimed: row["claimed"] ?? false
            )
            sides[row["nameplates_id"] ?? 0, default: []].append(side)
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT id, CAST(app_id AS BLOB) AS app_id, name, CAST(mailbox_id AS BLOB) AS mailbox_id
                FROM nameplates ORDER BY id
                """
        )
        return try rows.compactMap { row in
            let number: Int64 = row["id"]
            // Older servers took names that are none, which nobody can claim or release any more.
            guard let nameplate = Nameplate(row["name"] ?? "") else {
                try db.execute(sql: "DELETE FROM nameplate_sides WHERE nameplates_id = ?", arguments: [number])
                try db.execute(sql: "DELETE FROM nameplates WHERE id = ?", arguments: [number])
                return nil
            }
            return NameplateEntry(
                row: number,
                appID: AppID(unchecked: WireString(row.text("app_id"))),
                nameplate: nameplate,
                mailbox: MailboxID(unchecked: WireString(row.text("mailbox_id"))),
                sides: sides[number] ?? []
            )
        }
    }

    private static func lastRows(_ db: Database) throws -> RowNumbers {
        var rows = RowNumbers()
        let given = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'nameplates'") ?? 0
        rows.nameplate = max(given, try Int64.fetchOne(db, sql: "SELECT max(id) FROM nameplates") ?? 0)
        rows.nameplateSide = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM nameplate_sides") ?? 0
        rows.mailboxSide = try Int64.fetchOne(db, sql: "SELECT max(rowid) FROM mailbox_sides") ?? 0
        return rows
    }
}

extension Row {
    /// Seconds since the epoch, whole or with a fraction; 0 for NULL.
    fileprivate func time(_ column: String) -> Timestamp {
        Timestamp(seconds: self[column] ?? 0)
    }
}
