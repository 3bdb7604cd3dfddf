/// The metric table as Prometheus reads it, in one of two formats.
///
///     text 0.0.4                                        OpenMetrics 1.0
///     # HELP wormhole_limit_hits_total Outcomes …       # TYPE wormhole_limit_hits counter
///     # TYPE wormhole_limit_hits_total counter          # HELP wormhole_limit_hits Outcomes …
///     wormhole_limit_hits_total{limit="…"} 3            wormhole_limit_hits_total{limit="…"} 3
///                                                       # EOF
///
/// All that is the same in every scrape is put together once; a scrape copies it and writes the numbers between.
/// Source: prometheus/docs, "Exposition formats"; the OpenMetrics specification, version 1.0.
struct Exposition: Sendable {
    /// One family with its fixed text.
    private struct Block: Sendable {
        let family: MetricFamily
        let header: [UInt8]
        /// What stands before each number of each shown series.
        let series: [(number: Int, prefixes: [[UInt8]])]
        /// Its share of the text, with numbers of usual length.
        let expectedBytes: Int
    }

    private let blocks: [Block]
    private let end: [UInt8]

    init(_ families: [MetricFamily], as format: MetricsFormat = .text) {
        blocks = families.map { family in
            let header = Array(Self.header(of: family, as: format).utf8)
            let series = family.series.enumerated().map { ($0.offset, Self.prefixes(family, $0.element, format)) }
            let expectedBytes = series.reduce(header.count) { $1.1.reduce($0) { $0 + $1.count + 12 } }
            return Block(family: family, header: header, series: series, expectedBytes: expectedBytes)
        }
        end =
            switch format {
            case .text: []
            case .openMetrics: Array("# EOF\n".utf8)
            }
    }

    /// The text with the numbers of now. Takes no lock.
    ///
    /// - Parameter sections: Which parts; `nil` for all.
    func text(of sections: Set<MetricFamily.Section>? = nil) -> [UInt8] {
        let shown = blocks.filter { sections?.contains($0.family.section) ?? true }
        var text: [UInt8] = []
        text.reserveCapacity(shown.reduce(end.count) { $0 + $1.expectedBytes })
        for block in shown {
            text += block.header
            for series in block.series {
                guard block.family.isShown(series.number) else { continue }
                switch block.family.kind {
                case .counter, .gauge:
                    text.append(series.prefixes[0], block.family.cells.load(series.number))
                case .histogram(let bounds):
                    Self.append(block.family.cells, series.number, bounds, series.prefixes, to: &text)
                }
            }
        }
        text += end
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

    private static func header(of family: MetricFamily, as format: MetricsFormat) -> String {
        switch format {
        case .text:
            return """
                # HELP \(family.name) \(family.help.escapedHelp)
                # TYPE \(family.name) \(family.kind.word)

                """
        case .openMetrics:
            let unit = family.openMetricsUnit.map { "# UNIT \(family.baseName) \($0)\n" } ?? ""
            return """
                # TYPE \(family.baseName) \(family.kind.word)
                \(unit)# HELP \(family.baseName) \(family.help.escapedLabelValue)

                """
        }
    }

    /// The lines of one series without their numbers.
    private static func prefixes(_ family: MetricFamily, _ values: [String], _ format: MetricsFormat) -> [[UInt8]] {
        let labels = zip(family.labels, values).map { "\($0.name)=\"\($1.escapedLabelValue)\"" }
        func line(_ suffix: String, _ extra: [String] = []) -> [UInt8] {
            let all = labels + extra
            return Array("\(family.name)\(suffix)\(all.isEmpty ? "" : "{\(all.joined(separator: ","))}") ".utf8)
        }
        switch family.kind {
        case .counter, .gauge:
            return [line("")]
        case .histogram(let bounds):
            let buckets = bounds.map { format == .text ? MetricNumber.text($0) : MetricNumber.canonical($0) } + ["+Inf"]
            return buckets.map { line("_bucket", ["le=\"\($0)\""]) } + [line("_sum"), line("_count")]
        }
    }
}

/// A format of the metrics.
package enum MetricsFormat: CaseIterable, Sendable {
    /// Prometheus' text format, version 0.0.4.
    case text
    /// OpenMetrics, version 1.0.
    case openMetrics
}

extension MetricFamily {
    /// Whether a series is shown now: always, or from the first time that it is moved.
    fileprivate func isShown(_ series: Int) -> Bool {
        guard hiddenSeries.contains(series) else { return true }
        return (0..<stride).contains { cells.load(series * stride + $0) != 0 }
    }

    /// What stands in the UNIT line: the unit, where the name ends in it.
    fileprivate var openMetricsUnit: String? {
        ["bytes_per_second", "seconds", "bytes", "ratio"].first { baseName.hasSuffix("_\($0)") }
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
