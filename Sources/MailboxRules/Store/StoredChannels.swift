/// The stored state in one piece, as a journal reads it back.
package struct StoredChannels: Equatable, Sendable {
    package var nameplates: [NameplateEntry] = []
    package var mailboxes: [MailboxEntry] = []
    /// The highest row numbers ever given, per table: new rows go on above them.
    package var lastRows = RowNumbers()

    package init() {}
}

/// The row numbers given so far.
package struct RowNumbers: Equatable, Sendable {
    package var nameplate: Int64 = 0
    package var nameplateSide: Int64 = 0
    package var mailboxSide: Int64 = 0

    package init() {}
}
