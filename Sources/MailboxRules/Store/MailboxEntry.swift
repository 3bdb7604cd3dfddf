package import WormholeWire

/// A mailbox, the sides that ever opened it, and its messages.
package struct MailboxEntry: Equatable, Sendable {
    package struct OpeningSide: Equatable, Sendable {
        package let row: Int64
        package let side: Side
        /// First open, or the claim that made the mailbox.
        package let added: Timestamp
        package var isOpen: Bool
        package var mood: String?
        /// Whether a connection of it has listened before.
        var hasListened: Bool

        package init(
            row: Int64,
            side: Side,
            added: Timestamp,
            isOpen: Bool,
            mood: String?,
            hasListened: Bool = true
        ) {
            self.row = row
            self.side = side
            self.added = added
            self.isOpen = isOpen
            self.mood = mood
            self.hasListened = hasListened
        }
    }

    package let appID: AppID
    package let id: MailboxID
    package let isForNameplate: Bool
    /// Last activity, for the database: other programs and the next start go by it.
    package var updated: Timestamp
    /// The same for ourselves; `nil` for what was read back and was not looked at since.
    private(set) var idleSince: Uptime?
    /// The last activity that was written down.
    package var journaledUpdate: Timestamp
    /// In the order they came.
    package var sides: [OpeningSide]
    /// In the order they were added.
    package var messages: [StoredMessage]
    /// Bytes of the messages.
    package var storedBytes: Int
    /// The nameplates that point here: one, except in files of older servers.
    package var nameplates: [Nameplate] = []

    package init(
        appID: AppID,
        id: MailboxID,
        isForNameplate: Bool,
        updated: Timestamp,
        idleSince: Uptime? = nil,
        sides: [OpeningSide] = [],
        messages: [StoredMessage] = []
    ) {
        self.appID = appID
        self.id = id
        self.isForNameplate = isForNameplate
        self.updated = updated
        self.idleSince = idleSince
        self.journaledUpdate = updated
        self.sides = sides
        self.messages = messages
        self.storedBytes = messages.reduce(0) { $0 + $1.storedBytes }
    }

    /// `updated` is written down at most this often: it only serves expiry, and a message's own time stands beside it.
    static var touchInterval: Duration { .seconds(60) }

    /// Notes activity.
    ///
    /// - Returns: Whether it is to be written down.
    mutating func touch(at now: Timestamp, uptime: Uptime) -> Bool {
        idleSince = uptime
        updated = now
        // Also a time that is far ahead of the clock is put right: the clock was set back.
        let age = now - journaledUpdate
        guard age >= Self.touchInterval || age <= .zero - Self.touchInterval else { return false }
        journaledUpdate = now
        return true
    }

    /// Notes activity of which there is a record.
    package mutating func wasActive(at time: Timestamp) {
        updated = max(updated, time)
    }

    /// How long nothing has happened here.
    mutating func idleTime(at now: Timestamp, uptime: Uptime) -> Duration {
        // What was read back can tell only by the wall clock, and nothing can have happened in the future.
        let since = idleSince ?? uptime - max(.zero, now - updated)
        idleSince = since
        return uptime - since
    }

    /// Puts the time of the last activity right after the wall clock was set.
    ///
    /// - Returns: Whether it is to be written down.
    mutating func follow(_ now: Timestamp, idle: Duration) -> Bool {
        let active = now - idle
        let step = active - updated
        guard step >= Self.touchInterval || step <= .zero - Self.touchInterval else { return false }
        updated = active
        journaledUpdate = active
        return true
    }

    /// Remembers since when nothing has happened in a mailbox that was written down and read back meanwhile.
    mutating func takeIdleTime(from entry: MailboxEntry) { idleSince = entry.idleSince }

    package mutating func append(_ message: StoredMessage) {
        messages.append(message)
        storedBytes += message.storedBytes
    }

    /// Notes that a connection of a side listens now.
    ///
    /// - Returns: Whether one has listened before.
    mutating func noteListening(of side: Side) -> Bool {
        guard let index = sides.firstIndex(where: { $0.side == side }) else { return false }
        defer { sides[index].hasListened = true }
        return sides[index].hasListened
    }
}
