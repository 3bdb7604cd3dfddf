import Telemetry

/// `/metrics`: which format, and which part of the table.
enum MetricsRoute {
    static let textType = "text/plain; version=0.0.4; charset=utf-8"
    static let openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    /// The schemes by which names can be escaped. Ours need no escaping, so whichever is asked for is kept.
    private static let escapings: Set = ["allow-utf-8", "underscores", "dots", "values"]

    @Sendable static func respond(_ call: AdminCall) -> AdminResponse {
        var sections: Set<MetricFamily.Section>?
        if let scope = call.parameters["scope"]?.string, !scope.isEmpty {
            sections = Set(scope.split(separator: ",").compactMap { MetricFamily.Section(rawValue: String($0)) })
        }
        let (format, contentType) = negotiate(call.request.accept)
        return AdminResponse(
            status: 200,
            contentType: contentType,
            headers: [AdminResponse.Header(name: "Vary", value: "Accept")],
            body: call.telemetry.exposition(as: format, of: sections)
        )
    }

    /// Which format a client is given, and its name: the one it likes best of those we know, and text when it knows neither.
    ///
    /// Of several that it likes as much the one it names most precisely is taken, and of these the first.
    /// Source: prometheus/docs, "Content negotiation".
    static func negotiate(_ accept: String?) -> (MetricsFormat, contentType: String) {
        let offers = AcceptHeader(accept ?? "").ranges.enumerated().compactMap { place, range in
            Self.format(of: range).map { (format: $0, range: range, place: place) }
        }
        let best = offers.filter { $0.range.weight > 0 }.max {
            ($0.range.weight, $0.range.precision, -$0.place) < ($1.range.weight, $1.range.precision, -$1.place)
        }
        guard let best else { return (.text, textType) }
        let name = best.format == .text ? textType : openMetricsType
        guard let escaping = best.range.parameter("escaping"), escapings.contains(escaping) else {
            return (best.format, name)
        }
        return (best.format, "\(name); escaping=\(escaping)")
    }

    private static func format(of range: AcceptHeader.MediaRange) -> MetricsFormat? {
        let version = range.parameter("version")
        switch (range.type, range.subtype) {
        case ("application", "openmetrics-text"): return version == nil || version == "1.0.0" ? .openMetrics : nil
        case ("text", "plain"): return version == nil || version == "0.0.4" ? .text : nil
        case ("application", "*"): return .openMetrics
        case ("text", "*"), ("*", "*"): return .text
        default: return nil
        }
    }
}
