package import WormholeWire

/// One change of the stored state, as a journal writes it down. Row numbers are chosen by the store, so that every later
/// change finds its row at once; whose they are is said as well, for other programs may give rows other numbers.
package enum Change: Equatable, Sendable {
    case mailboxCreated(AppID, MailboxID, isForNameplate: Bool, updated: Timestamp)
    case mailboxSideAdded(row: Int64, MailboxID, Side, added: Timestamp)
    case mailboxSideClosed(row: Int64, MailboxID, Side, mood: String?)
    case mailboxTouched(MailboxID, updated: Timestamp)
    case messageAdded(AppID, MailboxID, StoredMessage)
    /// The mailbox, its messages, and the rows of its sides.
    case mailboxDeleted(AppID, MailboxID, sideRows: [Int64])
    case nameplateCreated(row: Int64, AppID, Nameplate, MailboxID)
    case nameplateSideAdded(row: Int64, nameplateRow: Int64, Side, added: Timestamp)
    case nameplateSideReleased(row: Int64, nameplateRow: Int64, Side)
    /// The nameplate, and the rows of its sides.
    case nameplateDeleted(row: Int64, sideRows: [Int64])
}
