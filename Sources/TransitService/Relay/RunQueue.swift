internal import TransitRules

/// The pairs that have something to do, in the order in which they get their turn. Kept inside the pairs.
struct RunQueue {
    static let nobody = UInt32.max

    private var first = nobody
    private var last = nobody
    private(set) var count = 0

    var isEmpty: Bool { first == Self.nobody }

    /// Puts a pair at the end, unless it is in the queue already.
    mutating func append(_ index: UInt32, in pairs: inout Slots<RelayPair>) {
        let pair = pairs.pointer(at: index)
        guard !pair.pointee.isQueued else { return }
        pair.pointee.isQueued = true
        pair.pointee.nextQueued = Self.nobody
        if last == Self.nobody { first = index } else { pairs.pointer(at: last).pointee.nextQueued = index }
        last = index
        count += 1
    }

    /// Takes the pair whose turn it is. The queue is not empty.
    mutating func removeFirst(in pairs: inout Slots<RelayPair>) -> UInt32 {
        precondition(!isEmpty, "nobody's turn")
        let index = first
        let pair = pairs.pointer(at: index)
        pair.pointee.isQueued = false
        first = pair.pointee.nextQueued
        if first == Self.nobody { last = Self.nobody }
        count -= 1
        return index
    }
}
