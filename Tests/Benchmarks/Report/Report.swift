/// What was measured, for people and for programs.
struct Report: Codable, Sendable {
    let machine: Machine
    var scenarios: [ScenarioReport] = []

    var verdicts: [Verdict] { scenarios.flatMap(\.metrics).flatMap(\.verdicts) }
    var failures: [String] { scenarios.flatMap(\.failures) }
}

/// The figures of one scenario.
struct ScenarioReport: Codable, Sendable {
    let name: String
    let title: String
    /// The load average of one minute when it began.
    let loadAverage: Double
    let metrics: [MetricReport]
    /// What went wrong, and with whom.
    let failures: [String]
}

/// One figure of each contender.
struct MetricReport: Codable, Sendable {
    let name: String
    let unit: Metric.Unit
    /// By contender, one for each round, in the unit.
    let values: [String: [Double]]
    let medians: [String: Double]
    let verdicts: [Verdict]

    /// - Parameter values: By contender, one for each round.
    init(_ metric: Metric, _ values: [Contender: [Double]]) {
        name = metric.name
        unit = metric.unit
        var shown: [String: [Double]] = [:]
        for (contender, values) in values { shown[contender.rawValue] = values.map { $0 * metric.unit.scale } }
        self.values = shown
        medians = shown.compactMapValues(\.median)
        verdicts = metric.targets.compactMap { Verdict($0, values: values, unit: metric.unit) }
    }
}
