/// The name of something kept in ``Slots``, never given twice within four billion lives of its slot.
///
///     tag, as it travels with the events of epoll:   generation (32 bits) | index (32 bits)
///
/// Generations in use are odd: a tag below 2^32 can never be that of a slot, and is free for other purposes.
package struct SlotID: Hashable, Sendable {
    package let index: UInt32
    package let generation: UInt32

    package init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    package init(tag: UInt64) {
        index = UInt32(truncatingIfNeeded: tag)
        generation = UInt32(truncatingIfNeeded: tag >> 32)
    }

    package var tag: UInt64 { UInt64(generation) << 32 | UInt64(index) }
}
