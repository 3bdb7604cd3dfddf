/// A number that only grows, one for each combination of its labels.
struct Counter<each Label: MetricLabel>: Sendable {
    let cells: MetricCells

    func add(_ amount: Double = 1, _ label: repeat each Label) {
        cells.add(LabelSpace<repeat each Label>.index(repeat each label), amount)
    }

    func value(_ label: repeat each Label) -> Double {
        cells.load(LabelSpace<repeat each Label>.index(repeat each label))
    }

    /// Shows a total that is kept elsewhere.
    func store(_ total: Double, _ label: repeat each Label) {
        cells.store(LabelSpace<repeat each Label>.index(repeat each label), total)
    }
}

/// A number that goes up and down, one for each combination of its labels.
struct Gauge<each Label: MetricLabel>: Sendable {
    let cells: MetricCells

    func set(_ value: Double, _ label: repeat each Label) {
        cells.store(LabelSpace<repeat each Label>.index(repeat each label), value)
    }

    func add(_ amount: Double, _ label: repeat each Label) {
        cells.add(LabelSpace<repeat each Label>.index(repeat each label), amount)
    }

    func value(_ label: repeat each Label) -> Double {
        cells.load(LabelSpace<repeat each Label>.index(repeat each label))
    }
}

/// Counts of values by size, one histogram for each combination of its labels.
struct Histogram<each Label: MetricLabel>: Sendable {
    let storage: HistogramCells

    func observe(_ value: Double, _ label: repeat each Label) {
        storage.observe(value, series: LabelSpace<repeat each Label>.index(repeat each label))
    }
}

/// All combinations of some labels, numbered with the last label changing fastest.
struct LabelSpace<each Label: MetricLabel> {
    static func index(_ label: repeat each Label) -> Int {
        var index = 0
        for one in repeat each label { index = index * type(of: one).allCases.count + one.ordinal }
        return index
    }

    static var labels: [MetricFamily.Label] {
        var labels: [MetricFamily.Label] = []
        repeat labels.append(MetricFamily.Label(of: (each Label).self))
        return labels
    }
}

extension MetricFamily.Label {
    fileprivate init(of label: (some MetricLabel).Type) {
        self.init(name: label.labelName, values: label.allCases.map(\.rawValue))
    }
}
