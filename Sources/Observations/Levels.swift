package import WormholeWire

// What a service holds at one moment. The owner of the state reports them whole, at most once per turn of its loop, so
// that a lost report is repaired by the next.

/// What the mailbox server holds.
package struct MailboxLevels: Equatable, Sendable {
    /// How many have one side, two sides, or more.
    package struct BySides: Equatable, Sendable {
        package var lonely = 0
        package var paired = 0
        package var crowded = 0

        package init(lonely: Int = 0, paired: Int = 0, crowded: Int = 0) {
            self.lonely = lonely
            self.paired = paired
            self.crowded = crowded
        }
    }

    /// Short nameplates that are taken: of each length, in the application that has most of them.
    package struct ShortNameplates: Equatable, Sendable {
        /// Of 9.
        package var ofOneDigit = 0
        /// Of 90.
        package var ofTwoDigits = 0
        /// Of 900.
        package var ofThreeDigits = 0

        package init() {}
    }

    package var apps = 0
    package var nameplates = BySides()
    package var shortNameplates = ShortNameplates()
    package var mailboxes = BySides()
    package var storedMessages = 0
    /// Bytes of the bodies of the stored messages.
    package var storedBytes = 0
    /// Connections that have a mailbox open.
    package var subscriptions = 0
    /// Bytes waiting for slow clients.
    package var sendQueueBytes = 0

    package init() {}
}

/// The relay's connections that have no partner yet.
package struct TransitWaitingLevels: Equatable, Sendable {
    /// Connections with a good handshake and no partner.
    package var connections = 0
    /// Distinct tokens among them.
    package var tokens = 0
    /// When the one that has waited longest was accepted.
    package var oldest: Timestamp?

    package init(connections: Int = 0, tokens: Int = 0, oldest: Timestamp? = nil) {
        self.connections = connections
        self.tokens = tokens
        self.oldest = oldest
    }
}

/// Where the connections of both services come from, as far as they are counted by source.
package struct SourceLevels: Equatable, Sendable {
    /// Open connections, those that are not counted by source included.
    package var connections = 0
    /// Client networks that have one.
    package var sources = 0
    /// The most that one of these has.
    package var ofBusiest = 0

    package init(connections: Int = 0, sources: Int = 0, ofBusiest: Int = 0) {
        self.connections = connections
        self.sources = sources
        self.ofBusiest = ofBusiest
    }

    /// The busiest network's part of all, from 0 to 1.
    package var busiestShare: Double { connections == 0 ? 0 : Double(ofBusiest) / Double(connections) }
}

/// The tables of one service that limits are kept with by source.
package struct LimitTableLevels: Equatable, Sendable {
    /// Rows of the fullest.
    package var entries: Int
    /// Rows that each of them can have.
    package var capacity: Int
    /// Rows of all of them that could not be kept, since the start, because a table was full.
    package var evictions: Int

    package init(entries: Int = 0, capacity: Int = 0, evictions: Int = 0) {
        self.entries = entries
        self.capacity = capacity
        self.evictions = evictions
    }
}

/// The pairs of one owner: a relay worker, or the loop of the WebSocket sides.
package struct RelayLevels: Equatable, Sendable {
    /// Which owner, counting from 0 through all of them.
    package let owner: Int
    /// Pairs being relayed.
    package var sessions = 0
    /// Payload bytes accepted so far by the pairs that are still open.
    package var incompleteBytes: UInt64 = 0
    /// Bytes in relay buffers and borrowed pipes.
    package var bufferedBytes = 0

    package init(owner: Int, sessions: Int = 0, incompleteBytes: UInt64 = 0, bufferedBytes: Int = 0) {
        self.owner = owner
        self.sessions = sessions
        self.incompleteBytes = incompleteBytes
        self.bufferedBytes = bufferedBytes
    }
}
