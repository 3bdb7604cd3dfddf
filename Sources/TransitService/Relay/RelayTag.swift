internal import TransitRules

/// What comes back with an event of a worker's epoll.
///
///     generation (32 bits) | second (1 bit) | departing (1 bit) | 0 | index (29 bits)
///
/// Generations are never zero, so the tag 0 is left for the worker's own signal. The others below 2^32, and those with the
/// bit that is 0 here, are a ``FrontTag``'s.
struct RelayTag {
    static let signal: UInt64 = 0

    let id: SlotID
    let side: PairSide
    /// A client that has left its pair and is only still to be closed.
    let isDeparting: Bool

    init(pair id: SlotID, side: PairSide) {
        self.init(id: id, side: side, isDeparting: false)
    }

    init(departing id: SlotID) {
        self.init(id: id, side: .first, isDeparting: true)
    }

    init(_ bits: UInt64) {
        let low = UInt32(truncatingIfNeeded: bits)
        id = SlotID(index: low & 0x1FFF_FFFF, generation: UInt32(truncatingIfNeeded: bits >> 32))
        side = low & 0x8000_0000 == 0 ? .first : .second
        isDeparting = low & 0x4000_0000 != 0
    }

    var bits: UInt64 {
        id.tag | (side == .second ? 0x8000_0000 : 0) | (isDeparting ? 0x4000_0000 : 0)
    }

    private init(id: SlotID, side: PairSide, isDeparting: Bool) {
        precondition(id.index <= 0x1FFF_FFFF, "half a billion connections")
        self.id = id
        self.side = side
        self.isDeparting = isDeparting
    }
}
