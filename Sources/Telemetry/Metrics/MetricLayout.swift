/// Collects the metric table line by line, and gives each line its storage.
///
/// The order of the calls is the order of the exposition. A name that is used twice, or that breaks the naming rules, is
/// our bug and stops the program when the table is built.
struct MetricLayout {
    private(set) var families: [MetricFamily] = []
    /// What the families that follow belong to.
    private var section = MetricFamily.Section.process

    init() {}

    /// Begins a part of the table.
    mutating func begin(_ section: MetricFamily.Section) {
        self.section = section
    }

    /// - Parameter shown: Which combinations are shown from the start; the others appear once they have been moved.
    mutating func counter<each Label: MetricLabel>(
        _ name: String,
        _ help: String,
        unit: MetricFamily.Unit,
        _ stability: MetricFamily.Stability,
        labels label: repeat (each Label).Type,
        shown: ([String]) -> Bool = { _ in true }
    ) -> Counter<repeat each Label> {
        precondition(name.hasSuffix("_total"), "\(name): a counter ends in _total")
        let labels = LabelSpace<repeat each Label>.labels
        return Counter(cells: add(name, help, .counter, unit, stability, labels, shown))
    }

    mutating func gauge<each Label: MetricLabel>(
        _ name: String,
        _ help: String,
        unit: MetricFamily.Unit,
        _ stability: MetricFamily.Stability,
        labels label: repeat (each Label).Type,
        shown: ([String]) -> Bool = { _ in true }
    ) -> Gauge<repeat each Label> {
        let labels = LabelSpace<repeat each Label>.labels
        return Gauge(cells: add(name, help, .gauge, unit, stability, labels, shown))
    }

    mutating func histogram<each Label: MetricLabel>(
        _ name: String,
        _ help: String,
        unit: MetricFamily.Unit,
        bounds: [Double],
        _ stability: MetricFamily.Stability,
        labels label: repeat (each Label).Type,
        shown: ([String]) -> Bool = { _ in true }
    ) -> Histogram<repeat each Label> {
        let labels = LabelSpace<repeat each Label>.labels
        let cells = add(name, help, .histogram(bounds: bounds), unit, stability, labels, shown)
        return Histogram(storage: HistogramCells(bounds: bounds, cells: cells))
    }

    /// A counter whose label values are chosen by the operator. Its series are addressed by number.
    mutating func counter(
        _ name: String,
        _ help: String,
        unit: MetricFamily.Unit,
        _ stability: MetricFamily.Stability,
        listed labels: [MetricFamily.Label]
    ) -> MetricCells {
        add(name, help, .counter, unit, stability, labels) { _ in true }
    }

    /// A family of one series that is always 1 and carries facts in its labels.
    mutating func information(_ name: String, _ help: String, _ facts: KeyValuePairs<String, String>) {
        let labels = facts.map { MetricFamily.Label(name: $0.key, values: [$0.value]) }
        add(name, help, .gauge, .flag, .stable, labels) { _ in true }.store(0, 1)
    }

    @discardableResult
    private mutating func add(
        _ name: String,
        _ help: String,
        _ kind: MetricFamily.Kind,
        _ unit: MetricFamily.Unit,
        _ stability: MetricFamily.Stability,
        _ labels: [MetricFamily.Label],
        _ shown: ([String]) -> Bool
    ) -> MetricCells {
        precondition(!families.contains { $0.name == name }, "\(name) is in the table twice")
        let series = MetricFamily.combinations(of: labels)
        let stride =
            switch kind {
            case .counter, .gauge: 1
            case .histogram(let bounds): HistogramCells.stride(of: bounds)
            }
        let family = MetricFamily(
            name: name,
            section: section,
            help: help,
            kind: kind,
            unit: unit,
            labels: labels,
            stability: stability,
            cells: MetricCells(count: series.count * stride),
            hiddenSeries: Set(series.indices.filter { !shown(series[$0]) })
        )
        families.append(family)
        return family.cells
    }
}
