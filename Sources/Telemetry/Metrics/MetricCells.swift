import Synchronization

/// The numbers of one metric family, each written by one thread and read by any.
///
/// A number is a `Double` kept as its bits. Whole numbers are exact up to 2⁵³: nine thousand terabytes.
///
/// `@unchecked Sendable`: the memory is reached through atomics only, and lives as long as this object.
final class MetricCells: @unchecked Sendable {
    let count: Int
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>

    init(count: Int) {
        self.count = count
        cells = .allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    func load(_ index: Int) -> Double {
        precondition(index < count)
        return Double(bitPattern: cells[index].load(ordering: .relaxed))
    }

    func store(_ index: Int, _ value: Double) {
        precondition(index < count)
        cells[index].store(value.bitPattern, ordering: .relaxed)
    }

    /// Adds to a number. Only its one writer may call this, which is what makes two steps enough.
    func add(_ index: Int, _ amount: Double) {
        store(index, load(index) + amount)
    }
}
