/// Durations, and what can be said about all of them together.
struct Distribution {
    /// In seconds, in no order.
    private var values: [Double] = []

    init() {}

    /// All of several together.
    init(of parts: [Distribution]) {
        values = parts.flatMap(\.values)
    }

    var count: Int { values.count }

    /// - Parameter nanoseconds: How long one took.
    mutating func add(nanoseconds: Int64) {
        values.append(Double(nanoseconds) * 1e-9)
    }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
    }

    /// The value that a share of all values does not exceed, in seconds; 0 when there are none.
    ///
    /// - Parameter shares: Each from 0 to 1: 0.5 is the median.
    func quantiles(_ shares: Double...) -> [Double] {
        let sorted = values.sorted()
        return shares.map { share in
            guard !sorted.isEmpty else { return 0 }
            return sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)]
        }
    }
}

extension Collection<Double> {
    /// The middle value, the mean of the two middle ones of an even number; `nil` of none.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = self.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
