import WormholeWire

/// The one row of the table `current`: the server at one moment.
struct CurrentRow: Equatable, Sendable {
    /// What the services hold, as far as the row shows it.
    struct Levels: Equatable, Sendable {
        /// Mailbox connections that have a mailbox open.
        var subscriptions = 0
        /// Relay connections that have a partner: two for each pair.
        var connected = 0
        /// Distinct tokens that wait for a partner.
        var waiting = 0
        /// Bytes accepted so far by the pairs that are still open, blurred.
        var incompleteBytes: UInt64 = 0
    }

    /// When this process started.
    let rebooted: Timestamp
    /// When the row was written; exact, for monitors judge by it whether the server is alive.
    let updated: Timestamp
    /// The blur window, `nil` when times are exact: readers divide by it.
    let blurSeconds: Int?
    let levels: Levels
}
