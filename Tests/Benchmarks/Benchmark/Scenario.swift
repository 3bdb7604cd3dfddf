/// One kind of work, the same for every contender.
protocol Scenario: Sendable {
    /// What the command line calls it, such as `relay-pairings`.
    var name: String { get }
    /// What the table calls it.
    var title: String { get }
    /// Who takes part, in the order in which they are measured.
    var contenders: [Contender] { get }
    /// What is measured, in the order of the table.
    var metrics: [Metric] { get }
    /// How often each is measured, when not as often as everything else.
    var rounds: Int? { get }

    /// Starts the contender afresh, lets it work, and ends it.
    func measure(_ contender: Contender, on workbench: Workbench) throws(BenchmarkError) -> Sample
}

extension Scenario {
    var rounds: Int? { nil }
}
