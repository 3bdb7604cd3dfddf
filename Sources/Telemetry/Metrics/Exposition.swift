/// The metric table in Prometheus' text format 0.0.4.
///
///     # HELP wormhole_connections Connections that are open.
///     # TYPE wormhole_connections gauge
///     wormhole_connections{component="mailbox",transport="ws",ip_family="ipv4"} 3
///
/// All that is the same in every scrape is put together once; a scrape copies it and writes the numbers between.
/// Source: prometheus/docs, "Exposition formats".
struct Exposition: Sendable {
    /// One family with its fixed text.
    private struct Block: Sendable {
        let family: MetricFamily
        let header: [UInt8]
        /// What stands before each number of each shown series.
        let series: [(number: Int, prefixes: [[UInt8]])]
    }

    private let blocks: [Block]
    /// Room for the text with numbers of usual length.
    private let expectedBytes: Int

    init(_ families: [MetricFamily]) {
        blocks = families.map { family in
            Block(
                family: family,
                header: Array(
                    """
                    # HELP \(family.name) \(family.help.escapedHelp)
                    # TYPE \(family.name) \(family.kind.word)

                    """.utf8
                ),
                series: family.series.enumerated().map { ($0.offset, Self.prefixes(family, $0.element)) }
            )
        }
        expectedBytes = blocks.reduce(0) { sum, block in
            block.series.reduce(sum + block.header.count) { sum, series in
                series.prefixes.reduce(sum) { $0 + $1.count + 12 }
            }
        }
    }

    /// The text with the numbers of now. Takes no lock.
    func text() -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(expectedBytes)
        for block in blocks {
            text += block.header
            for series in block.series {
                switch block.family.kind {
                case .counter, .gauge:
                    let value = block.family.cells.load(series.number)
                    guard value != 0 || !block.family.hiddenSeries.contains(series.number) else { continue }
                    text.append(series.prefixes[0], value)
                case .histogram(let bounds):
                    Self.append(block.family.cells, series.number, bounds, series.prefixes, to: &text)
                }
            }
        }
        return text
    }

    /// Buckets with everything below them, the sum, and the count, which is that of the last bucket.
    private static func append(
        _ cells: MetricCells,
        _ series: Int,
        _ bounds: [Double],
        _ prefixes: [[UInt8]],
        to text: inout [UInt8]
    ) {
        let start = series * HistogramCells.stride(of: bounds)
        let sum = cells.load(start + bounds.count + 1)
        var count = 0.0
        for bucket in 0...bounds.count {
            count += cells.load(start + bucket)
            text.append(prefixes[bucket], count)
        }
        text.append(prefixes[bounds.count + 1], sum)
        text.append(prefixes[bounds.count + 2], count)
    }

    /// The lines of one series without their numbers.
    private static func prefixes(_ family: MetricFamily, _ values: [String]) -> [[UInt8]] {
        let labels = zip(family.labels, values).map { "\($0.name)=\"\($1.escapedLabelValue)\"" }
        func line(_ suffix: String, _ extra: [String] = []) -> [UInt8] {
            let all = labels + extra
            return Array("\(family.name)\(suffix)\(all.isEmpty ? "" : "{\(all.joined(separator: ","))}") ".utf8)
        }
        switch family.kind {
        case .counter, .gauge:
            return [line("")]
        case .histogram(let bounds):
            let buckets = bounds.map(MetricNumber.text) + ["+Inf"]
            return buckets.map { line("_bucket", ["le=\"\($0)\""]) } + [line("_sum"), line("_count")]
        }
    }
}

extension MetricFamily.Kind {
    /// The word of the TYPE line.
    package var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ prefix: [UInt8], _ value: Double) {
        self += prefix
        MetricNumber.append(value, to: &self)
        append(UInt8(ascii: "\n"))
    }
}

extension String {
    fileprivate var escapedHelp: String {
        escaping { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : nil }
    }

    fileprivate var escapedLabelValue: String {
        escaping { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : $0 == "\"" ? "\\\"" : nil }
    }

    /// Scalar by scalar, so that a line end that is part of a larger character is found as well.
    private func escaping(_ escape: (Unicode.Scalar) -> String?) -> String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if let escaped = escape(scalar) { text += escaped.unicodeScalars } else { text.append(scalar) }
        }
        return String(text)
    }
}
