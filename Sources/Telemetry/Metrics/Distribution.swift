/// The buckets of a histogram, summed over its series, at some moment.
package struct Distribution: Equatable, Sendable {
    /// Upper bounds, ascending.
    package let bounds: [Double]
    /// One for each bound, and one for what is above the last; not cumulative.
    package let counts: [Double]

    package init(bounds: [Double], counts: [Double]) {
        self.bounds = bounds
        self.counts = counts
    }

    package var count: Double { counts.reduce(0, +) }

    /// What has come since an earlier moment.
    package func subtracting(_ earlier: Self) -> Self {
        guard earlier.counts.count == counts.count else { return self }
        return Self(bounds: bounds, counts: zip(counts, earlier.counts).map { max(0, $0 - $1) })
    }

    /// What a share of the values does not exceed, as if they were spread evenly inside each bucket.
    ///
    /// - Parameter share: From 0 to 1.
    /// - Returns: `nil` without any value, and where it is above the last bound.
    package func estimate(_ share: Double) -> Double? {
        var rest = share * count
        guard rest > 0 else { return nil }
        var lower = 0.0
        for (bound, number) in zip(bounds, counts) {
            if number > 0, rest <= number { return lower + (bound - lower) * rest / number }
            rest -= number
            lower = bound
        }
        return nil
    }
}

extension MetricFamily {
    /// `nil` for a family without buckets.
    var distribution: Distribution? {
        guard case .histogram(let bounds) = kind else { return nil }
        var counts = [Double](repeating: 0, count: bounds.count + 1)
        for series in 0..<cells.count / stride {
            for bucket in counts.indices { counts[bucket] += cells.load(series * stride + bucket) }
        }
        return Distribution(bounds: bounds, counts: counts)
    }
}
