import Observations

/// What all owners of relayed pairs hold together.
struct RelayTotals {
    private var owners: [Int: RelayLevels] = [:]
    private(set) var sessions = 0
    private(set) var incompleteBytes: UInt64 = 0
    private(set) var bufferedBytes = 0

    /// Replaces what one owner reported before.
    mutating func update(_ levels: RelayLevels) {
        let previous = owners.updateValue(levels, forKey: levels.owner)
        sessions += levels.sessions - (previous?.sessions ?? 0)
        incompleteBytes = incompleteBytes &- (previous?.incompleteBytes ?? 0) &+ levels.incompleteBytes
        bufferedBytes += levels.bufferedBytes - (previous?.bufferedBytes ?? 0)
    }
}
