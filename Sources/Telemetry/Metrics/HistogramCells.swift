/// Storage of histograms of one shape.
///
///     per series: │ count of each bucket … │ count above the last bound │ sum │      (counts not cumulative)
struct HistogramCells: Sendable {
    let bounds: [Double]
    let cells: MetricCells

    init(bounds: [Double], cells: MetricCells) {
        self.bounds = bounds
        self.cells = cells
    }

    /// Storage for one series.
    init(bounds: [Double]) {
        self.init(bounds: bounds, cells: MetricCells(count: Self.stride(of: bounds)))
    }

    /// Numbers one series takes.
    static func stride(of bounds: [Double]) -> Int { bounds.count + 2 }
    var stride: Int { Self.stride(of: bounds) }

    /// Counts one value. Only the one writer of the series may call this.
    func observe(_ value: Double, series: Int = 0) {
        let start = series * stride
        cells.add(start + (bounds.firstIndex { value <= $0 } ?? bounds.count), 1)
        cells.add(start + bounds.count + 1, value)
    }

    /// Replaces a series by the sum of others of the same shape.
    func store(sumOf others: [HistogramCells], series: Int = 0) {
        for index in 0..<stride {
            cells.store(series * stride + index, others.reduce(0) { $0 + $1.cells.load(index) })
        }
    }
}
