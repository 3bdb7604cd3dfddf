/// A chart of one or two series over time, with what a reader who does not see it is told.
///
///     title       ▬ one  ┅ other
///     2 kB ┤      ╱╲
///     1 kB ┤  ╱╲_╱  ╲
///        0 ┼──┴──┴──┴──
///          14:00  14:10  UTC
struct Chart: Sendable {
    enum Form: Sendable {
        case lines
        /// One upon the other.
        case bars
    }

    struct Series: Sendable {
        let name: String
        /// One for each slot of the span; `nil` where nothing is known.
        let values: [Double?]
    }

    /// Of its page, a word of letters and dashes.
    let id: String
    let title: String
    let figure: Figure
    let form: Form
    let span: ChartSpan
    /// Two at most: there are two ways to draw one.
    let series: [Series]

    /// The sums of all series where they are drawn one upon the other, else every number.
    private var heights: [Double] {
        switch form {
        case .lines: series.flatMap { $0.values.compactMap { $0 } }
        case .bars: (0..<span.slots).map { slot in series.reduce(0) { $0 + ($1.value(slot) ?? 0) } }
        }
    }

    var isEmpty: Bool { series.allSatisfy { $0.values.allSatisfy { $0 == nil } } }

    /// What stands in the place of a drawing in which there would be nothing to see. A line shows that it is at zero; bars
    /// of no height do not.
    var remark: String? {
        if isEmpty { return "nothing is known yet" }
        return form == .bars && heights.allSatisfy { $0 <= 0 } ? "nothing in this time" : nil
    }

    var scale: ChartScale { ChartScale(upTo: heights.max(), isWhole: figure == .count || figure == .bytes) }

    /// In words: the latest, and the highest with its time.
    var summary: String {
        guard !isEmpty else { return "Nothing is known yet." }
        return series.map { series in
            let known = series.values.enumerated().compactMap { slot, value in value.map { (slot, $0) } }
            guard let latest = known.last, let highest = known.max(by: { $0.1 < $1.1 }) else {
                return "\(series.name): nothing is known."
            }
            let time = span.name(of: highest.0)
            return "\(series.name): latest \(figure.text(latest.1)), highest \(figure.text(highest.1)) at \(time) UTC."
        }.joined(separator: " ")
    }

    var html: HTML {
        """
        <figure><figcaption><h3>\(title)</h3><p class="legend">\(legend)</p></figcaption>
        \(svg)</figure>

        """
    }

    private var legend: [HTML] {
        series.enumerated().map { index, series in
            let swatch: HTML =
                switch form {
                case .lines: "<path class=\"line s\(index)\" d=\"M0 6h22\"/>"
                case .bars: "<rect class=\"bar b\(index)\" x=\"3\" y=\"1\" width=\"14\" height=\"10\"/>"
                }
            return """
                <span><svg class="swatch" viewBox="0 0 22 12" aria-hidden="true">\(swatch)</svg> \(series.name)</span>
                """
        }
    }
}

extension Chart.Series {
    func value(_ slot: Int) -> Double? {
        guard values.indices.contains(slot), let value = values[slot], value.isFinite else { return nil }
        return max(0, value)
    }
}

/// The numbers of charts over one span, for who reads better than sees.
struct ChartTable: Sendable {
    let id: String
    let summary: String
    let charts: [Chart]

    var html: HTML {
        guard let span = charts.first?.span else { return "" }
        let columns = charts.flatMap { chart in chart.series.map { (chart, $0) } }
        let head = columns.map { chart, series -> HTML in
            let name = chart.series.count > 1 ? "\(chart.title): \(series.name)" : chart.title
            return "<th scope=\"col\">\(name)</th>"
        }
        // The newest first: that is what is looked for.
        let rows = (0..<span.slots).reversed().filter { slot in columns.contains { $0.1.value(slot) != nil } }
        let body = rows.map { slot -> HTML in
            let cells = columns.map { chart, series -> HTML in "<td>\(chart.figure.text(series.value(slot)))</td>" }
            return "<tr><th scope=\"row\">\(span.name(of: slot))</th>\(cells)</tr>\n"
        }
        return """
            <details id="\(id)"><summary>\(summary)</summary>
            <div class="scroll" tabindex="0" role="group" aria-label="\(summary)"><table class="numbers">
            <thead><tr><th scope="col">UTC</th>\(head)</tr></thead>
            <tbody>\(body)</tbody></table></div></details>

            """
    }
}
