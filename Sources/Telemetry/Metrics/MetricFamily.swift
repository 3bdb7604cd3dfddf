/// One line of the metric table: what a family is called, what it counts, and where its numbers are.
package struct MetricFamily: Sendable {
    package enum Kind: Equatable, Sendable {
        case counter, gauge
        /// With the upper bounds of its buckets, ascending, without infinity.
        case histogram(bounds: [Double])
    }

    /// What one is counted in.
    package enum Unit: String, Sendable {
        case actions, bytes, commands, connections, descriptors, errors, hits, messages, objects, records, requests,
            runs,
            sessions
        case ranges, applications, binds, challenges, entries, handshakes, lines, mailboxes, nameplates, observations,
            ratio,
            reconnects, reloads, sources, threads, tokens, violations
        case leadingZeroBits = "leading zero bits"
        case bytesPerSecond = "bytes per second"
        case seconds
        case unixSeconds = "seconds since 1970"
        case version
        /// 0 or 1, or always 1.
        case flag
    }

    /// How long the name and its labels can be relied on.
    package enum Stability: String, Sendable {
        /// Used by a rule or a dashboard we ship: renamed only in a major version, with one release of overlap.
        case stable
        case detail
    }

    /// A part of the table, which can be asked for by itself.
    package enum Section: String, CaseIterable, Sendable {
        case process, connections, mailbox, transit, limits, usage, admin, selftest
    }

    /// A label and every value it can have.
    package struct Label: Equatable, Sendable {
        package let name: String
        package let values: [String]

        package init(name: String, values: [String]) {
            self.name = name
            self.values = values
        }
    }

    package let name: String
    package let section: Section
    /// One sentence, in Prometheus' HELP line.
    package let help: String
    package let kind: Kind
    package let unit: Unit
    package let labels: [Label]
    package let stability: Stability
    let cells: MetricCells
    /// Series that are not shown while they are zero: combinations that cannot happen, and parts that are not there.
    let hiddenSeries: Set<Int>

    /// The same family with its numbers elsewhere.
    func with(_ cells: MetricCells) -> Self {
        Self(
            name: name,
            section: section,
            help: help,
            kind: kind,
            unit: unit,
            labels: labels,
            stability: stability,
            cells: cells,
            hiddenSeries: hiddenSeries
        )
    }

    /// The name without the suffix that only the samples of a counter have in OpenMetrics.
    var baseName: String {
        kind == .counter && name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
    }

    /// The sum of the series that have a label value; of all when it is `nil`. For families without buckets.
    func total(label: String?) -> Double {
        var sum = 0.0
        for (index, values) in series.enumerated() where label.map(values.contains) ?? true { sum += cells.load(index) }
        return sum
    }

    /// The label values of every series, the last label changing fastest.
    package var series: [[String]] { Self.combinations(of: labels) }

    /// How many series are there from the start.
    package var shownSeriesCount: Int { series.count - hiddenSeries.count }

    /// Numbers kept for one series.
    var stride: Int {
        switch kind {
        case .counter, .gauge: 1
        case .histogram(let bounds): HistogramCells.stride(of: bounds)
        }
    }

    static func combinations(of labels: [Label]) -> [[String]] {
        labels.reduce([[]]) { rows, label in rows.flatMap { row in label.values.map { row + [$0] } } }
    }
}
