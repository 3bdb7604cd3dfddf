import Admission
import Observations
import WormholeWire

/// What one source may ask for how often: what costs others something, or tells about them.
struct SourceLimits: Sendable {
    private var allocations: SourcePaces
    private var claims: SourcePaces
    private var lists: SourcePaces

    init(_ limits: MailboxLimits) {
        allocations = SourcePaces(limits.allocations)
        claims = SourcePaces(limits.claims)
        lists = SourcePaces(limits.lists)
    }

    /// Holds everybody to other limits from now on.
    mutating func change(_ limits: MailboxLimits) {
        allocations.change(limits.allocations)
        claims.change(limits.claims)
        lists.change(limits.lists)
    }

    /// The three tables.
    var levels: LimitTableLevels {
        let tables = [allocations, claims, lists]
        return LimitTableLevels(
            entries: tables.map(\.count).max() ?? 0,
            capacity: SourcePaces.capacity,
            evictions: tables.reduce(0) { $0 + $1.evictions }
        )
    }

    /// Counts a command.
    ///
    /// - Returns: The limit that keeps it from being carried out, if one does.
    mutating func refuse(_ command: ClientCommand, of source: SourceID, at now: Timestamp) -> Limit? {
        let nanoseconds = now.microseconds &* 1000
        switch command {
        case .allocate: return allocations.take(source, at: nanoseconds) ? nil : .mailboxAllocateRate
        case .claim: return claims.take(source, at: nanoseconds) ? nil : .mailboxClaimRate
        case .list: return lists.take(source, at: nanoseconds) ? nil : .mailboxListRate
        case .ping, .bind, .release, .open, .add, .close, .submitPermissions, .unknown: return nil
        }
    }
}
