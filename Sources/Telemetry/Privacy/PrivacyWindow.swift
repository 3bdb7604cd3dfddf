import WormholeWire

/// What is held back when privacy is strict: everything that was read in one window, until that window is over.
///
/// What was read in a round of the telemetry thread belongs to the window in which the round ended. So nothing that is
/// released at the end of a window can have happened after it, which would place it within the moment of one round.
struct PrivacyWindow {
    /// The most records held; further ones are dropped and counted.
    static let capacity = 131_072

    private let blur: Blur
    /// The beginning of the window that is going on.
    private var start: Timestamp
    private var records: [UsageRecord] = []

    init(_ blur: Blur, now: Timestamp) {
        self.blur = blur
        start = blur(now)
    }

    /// Whether the window is over; the next one then begins.
    mutating func isOver(at now: Timestamp) -> Bool {
        let current = blur(now)
        defer { start = current }
        return current != start
    }

    /// How long it goes on.
    func rest(at now: Timestamp) -> Duration { start + .seconds(blur.seconds) - now }

    /// Holds records.
    ///
    /// - Returns: Those for which there is no room.
    mutating func hold(_ new: [UsageRecord]) -> [UsageRecord] {
        let room = Self.capacity - records.count
        records += new.prefix(room)
        return Array(new.dropFirst(room))
    }

    /// What was held, in an order that tells nothing.
    mutating func release() -> [UsageRecord] {
        defer { records = [] }
        return records.shuffled()
    }
}
