import GRDB
import MailboxRules
import WormholeWire

/// The prepared statements that write changes down; every one finds its rows by a key.
///
/// Sides have no key but the number of their row, which another program's VACUUM changes. So whose side it is goes with the
/// number, and a side that is not there is looked for in the whole table.
struct ChannelStatements {
    /// By kind.
    private let statements: [Statement]
    private let texts = TextRoom()

    private enum Kind: Int, CaseIterable {
        case begin, commit
        case createMailbox, addMailboxSide, closeMailboxSide, closeMovedMailboxSide, touchMailbox
        case deleteMailboxSide, deleteMovedMailboxSides, deleteMailbox
        case addMessage, deleteMessages
        case createNameplate, addNameplateSide, releaseNameplateSide, releaseMovedNameplateSide
        case deleteNameplateSide, deleteMovedNameplateSides, deleteNameplate

        var sql: String {
            switch self {
            case .begin: "BEGIN IMMEDIATE"
            case .commit: "COMMIT"
            case .createMailbox: "INSERT INTO mailboxes (app_id, id, updated, for_nameplate) VALUES (?, ?, ?, ?)"
            case .addMailboxSide:
                "INSERT INTO mailbox_sides (rowid, mailbox_id, opened, side, added) VALUES (?, ?, 1, ?, ?)"
            case .closeMailboxSide:
                "UPDATE mailbox_sides SET opened = 0, mood = ?4 WHERE rowid = ?1 AND mailbox_id = ?2 AND side = ?3"
            case .closeMovedMailboxSide:
                "UPDATE mailbox_sides SET opened = 0, mood = ?4 WHERE mailbox_id = ?2 AND side = ?3"
            case .touchMailbox: "UPDATE mailboxes SET updated = ?2 WHERE id = ?1"
            case .deleteMailboxSide: "DELETE FROM mailbox_sides WHERE rowid = ?1 AND mailbox_id = ?2"
            case .deleteMovedMailboxSides: "DELETE FROM mailbox_sides WHERE mailbox_id = ?2"
            case .deleteMailbox: "DELETE FROM mailboxes WHERE id = ?"
            case .addMessage:
                """
                INSERT INTO messages (app_id, mailbox_id, side, phase, body, server_rx, msg_id)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
            case .deleteMessages: "DELETE FROM messages WHERE app_id = ? AND mailbox_id = ?"
            case .createNameplate: "INSERT INTO nameplates (id, app_id, name, mailbox_id) VALUES (?, ?, ?, ?)"
            case .addNameplateSide:
                "INSERT INTO nameplate_sides (rowid, nameplates_id, claimed, side, added) VALUES (?, ?, 1, ?, ?)"
            case .releaseNameplateSide:
                "UPDATE nameplate_sides SET claimed = 0 WHERE rowid = ?1 AND nameplates_id = ?2 AND side = ?3"
            case .releaseMovedNameplateSide:
                "UPDATE nameplate_sides SET claimed = 0 WHERE nameplates_id = ?2 AND side = ?3"
            case .deleteNameplateSide: "DELETE FROM nameplate_sides WHERE rowid = ?1 AND nameplates_id = ?2"
            case .deleteMovedNameplateSides: "DELETE FROM nameplate_sides WHERE nameplates_id = ?2"
            case .deleteNameplate: "DELETE FROM nameplates WHERE id = ?"
            }
        }
    }

    /// None, once the database is being closed.
    init() {
        statements = []
    }

    init(_ db: Database) throws {
        statements = try Kind.allCases.map { try db.makeStatement(sql: $0.sql) }
    }

    private func run(_ kind: Kind, _ values: SQLiteValue...) throws {
        guard statements.indices.contains(kind.rawValue) else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
        try statements[kind.rawValue].run(values, texts: texts)
    }

    /// - Parameter moved: What is run with the same values when the row is not where it was.
    private func run(_ kind: Kind, or moved: Kind, _ values: SQLiteValue...) throws {
        guard statements.indices.contains(kind.rawValue) else { throw DatabaseError(resultCode: .SQLITE_MISUSE) }
        for kind in [kind, moved] {
            let statement = statements[kind.rawValue]
            try statement.run(values, texts: texts)
            if statement.changedRows > 0 { return }
        }
    }

    func begin() throws { try run(.begin) }

    func commit() throws { try run(.commit) }

    /// Between ``begin()`` and ``commit()``.
    func write(_ change: Change) throws {
        switch change {
        case .mailboxCreated(let app, let mailbox, let isForNameplate, let updated):
            try run(
                .createMailbox,
                .text(app.text),
                .text(mailbox.text),
                .real(updated.seconds),
                .integer(isForNameplate ? 1 : 0)
            )
        case .mailboxSideAdded(let row, let mailbox, let side, let added):
            try run(.addMailboxSide, .integer(row), .text(mailbox.text), .text(side.text), .real(added.seconds))
        case .mailboxSideClosed(let row, let mailbox, let side, let mood):
            try run(
                .closeMailboxSide,
                or: .closeMovedMailboxSide,
                .integer(row),
                .text(mailbox.text),
                .text(side.text),
                SQLiteValue(mood)
            )
        case .mailboxTouched(let mailbox, let updated):
            try run(.touchMailbox, .text(mailbox.text), .real(updated.seconds))
        case .messageAdded(let app, let mailbox, let message):
            try run(
                .addMessage,
                .text(app.text),
                .text(mailbox.text),
                .text(message.side.text),
                .text(message.phase.text),
                .text(message.body.text),
                .real(message.received.seconds),
                SQLiteValue(message.id == .null ? nil : message.id.string ?? message.id.text)
            )
        case .mailboxDeleted(let app, let mailbox, let sideRows):
            try run(.deleteMessages, .text(app.text), .text(mailbox.text))
            for row in sideRows {
                try run(.deleteMailboxSide, or: .deleteMovedMailboxSides, .integer(row), .text(mailbox.text))
            }
            try run(.deleteMailbox, .text(mailbox.text))
        case .nameplateCreated(let row, let app, let nameplate, let mailbox):
            try run(.createNameplate, .integer(row), .text(app.text), .text(nameplate.digits), .text(mailbox.text))
        case .nameplateSideAdded(let row, let nameplateRow, let side, let added):
            try run(.addNameplateSide, .integer(row), .integer(nameplateRow), .text(side.text), .real(added.seconds))
        case .nameplateSideReleased(let row, let nameplateRow, let side):
            try run(
                .releaseNameplateSide,
                or: .releaseMovedNameplateSide,
                .integer(row),
                .integer(nameplateRow),
                .text(side.text)
            )
        case .nameplateDeleted(let row, let sideRows):
            for sideRow in sideRows {
                try run(.deleteNameplateSide, or: .deleteMovedNameplateSides, .integer(sideRow), .integer(row))
            }
            try run(.deleteNameplate, .integer(row))
        }
    }
}
