import DequeModule

/// The clients that have not bound yet, in the order they came.
///
/// All have the same time, so that the first is always the next whose time is over, also when that time is changed. It holds
/// twice as many entries as there are such clients at most, and a few.
struct UnboundLine: Sendable {
    private var line: Deque<(id: ConnectionID, since: Uptime)> = []
    private var unbound: Set<ConnectionID> = []

    /// Entries of clients that have bound or gone are not worth clearing out while there are no more of them.
    private static let slack = 32

    /// Since when the first has waited.
    var first: Uptime? { line.first?.since }

    /// What it holds, entries of clients that have bound or gone included.
    var count: Int { line.count }

    mutating func append(_ id: ConnectionID, at uptime: Uptime) {
        unbound.insert(id)
        line.append((id, uptime))
    }

    /// Takes out a client that has bound or gone.
    mutating func remove(_ id: ConnectionID) {
        guard unbound.remove(id) != nil else { return }
        trim()
        if line.count > 2 * unbound.count + Self.slack { line.removeAll { !unbound.contains($0.id) } }
    }

    /// Takes out the first client if it has waited since `limit` or longer.
    mutating func popFirst(since limit: Uptime) -> ConnectionID? {
        guard let (id, since) = line.first, since <= limit else { return nil }
        line.removeFirst()
        unbound.remove(id)
        trim()
        return id
    }

    /// Keeps the first entry one of a client that is still unbound.
    private mutating func trim() {
        while let (id, _) = line.first, !unbound.contains(id) { line.removeFirst() }
    }
}
