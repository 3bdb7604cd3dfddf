package import WormholeWire

/// The stored state in one piece, as a journal reads it back and as the store holds it.
package struct StoredChannels: Equatable, Sendable {
    package private(set) var nameplates: [AppID: [Nameplate: NameplateEntry]] = [:]
    /// By id alone: ids are unique over all applications, as in the database's schema.
    package var mailboxes: [MailboxID: MailboxEntry] = [:]
    /// The highest row numbers ever given, per table: new rows go on above them.
    package var lastRows = RowNumbers()

    /// Nothing.
    package init() {}

    /// Takes nameplates in place of those it has. Each may point to one of the mailboxes, or nowhere.
    package mutating func take(_ nameplates: [AppID: [Nameplate: NameplateEntry]]) {
        self.nameplates = nameplates
        for entries in nameplates.values {
            for entry in entries.values { tell(of: entry) }
        }
    }

    package mutating func insert(_ entry: MailboxEntry) {
        mailboxes[entry.id] = entry
    }

    /// Call after the mailbox has come that it points to.
    package mutating func insert(_ entry: NameplateEntry) {
        nameplates[entry.appID, default: [:]][entry.nameplate] = entry
        tell(of: entry)
    }

    private mutating func tell(of entry: NameplateEntry) {
        guard let mailbox = mailboxes.index(forKey: entry.mailbox) else { return }
        mailboxes.values[mailbox].nameplates.append(entry.nameplate)
    }
}

/// The row numbers given so far.
package struct RowNumbers: Equatable, Sendable {
    package var nameplate: Int64 = 0
    package var nameplateSide: Int64 = 0
    package var mailboxSide: Int64 = 0

    package init() {}
}
