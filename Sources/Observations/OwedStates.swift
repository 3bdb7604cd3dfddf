import Synchronization

/// States that a full ring had no room for. Of a state only the last counts, so that they take no room of their own; what is
/// asked for it must be right in the end, and not only after the next change.
///
/// Written by the ring's writer and taken by its reader.
struct OwedStates: ~Copyable {
    ///     version (24 bits) | lifecycle, counted from 1 (8) | two bits for each check: is owed, is ready (32)
    ///
    /// The version makes every value another one, so that the reader sees that it has changed.
    private let owed = Atomic<UInt64>(0)
    /// How far the ring is to be read before what is owed is the newest.
    private let place = Atomic<Int>(0)

    private static let lifecyclePlace: UInt64 = 32
    private static let lifecycleMask: UInt64 = 0xFF << lifecyclePlace
    private static let versionPlace: UInt64 = 40
    private static let statesMask: UInt64 = 1 << versionPlace - 1

    /// Takes note of an observation there is no room for.
    ///
    /// - Parameter index: The ring's next slot to fill.
    /// - Returns: Whether it is one of a state.
    func note(_ observation: Observation, at index: Int) -> Bool {
        guard let (mask, value) = Self.bits(of: observation) else { return false }
        place.store(index, ordering: .relaxed)
        replace(mask, with: value)
        return true
    }

    /// Forgets what the observation, which the ring has taken, makes out of date.
    func settle(_ observation: Observation) {
        let hasOwed = owed.load(ordering: .relaxed) & Self.statesMask != 0
        guard hasOwed, let (mask, _) = Self.bits(of: observation) else { return }
        replace(mask, with: 0)
    }

    /// Calls `body` with each state that is owed, if nothing older of it can be in the ring: else it is for the next time, which
    /// comes with what is in the ring.
    ///
    /// - Parameter index: How far the ring is read.
    func take(readUpTo index: Int, _ body: (Observation) -> Void) {
        let owed = owed.load(ordering: .acquiring)
        guard owed & Self.statesMask != 0, place.load(ordering: .relaxed) <= index else { return }
        let (isTaken, _) = self.owed.compareExchange(
            expected: owed,
            desired: owed & ~Self.statesMask,
            ordering: .relaxed
        )
        guard isTaken else { return }
        for (index, check) in ReadinessCheck.allCases.enumerated() {
            let bits = owed >> UInt64(2 * index) & 3
            if bits != 0 { body(.readinessChanged(check, isReady: bits == 3)) }
        }
        let lifecycle = Int((owed & Self.lifecycleMask) >> Self.lifecyclePlace)
        if lifecycle > 0 { body(.lifecycleChanged(LifecycleState.allCases[lifecycle - 1])) }
    }

    /// The reader may take everything meanwhile, but nobody else writes.
    private func replace(_ mask: UInt64, with value: UInt64) {
        var old = owed.load(ordering: .relaxed)
        while true {
            let (exchanged, original) = owed.compareExchange(
                expected: old,
                desired: (old & ~mask | value) &+ 1 << Self.versionPlace,
                ordering: .releasing
            )
            if exchanged { return }
            old = original
        }
    }

    private static func bits(of observation: Observation) -> (mask: UInt64, value: UInt64)? {
        switch observation {
        case .readinessChanged(let check, let isReady):
            guard let index = ReadinessCheck.allCases.firstIndex(of: check) else { return nil }
            let place = UInt64(2 * index)
            return (3 << place, (isReady ? 3 : 1) << place)
        case .lifecycleChanged(let state):
            guard let index = LifecycleState.allCases.firstIndex(of: state) else { return nil }
            return (lifecycleMask, UInt64(index + 1) << lifecyclePlace)
        default:
            return nil
        }
    }
}
