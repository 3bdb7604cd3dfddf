import Foundation
import LinuxIO

/// The order of measurements: round by round, in each round every contender, so that what disturbs the machine for a while
/// disturbs all of them.
struct Schedule {
    let workbench: Workbench
    let rounds: Int
    /// Who takes part, when not everybody.
    let contenders: Set<Contender>
    /// No round is begun after this, on the monotonic clock, in nanoseconds; the first round of each scenario always is.
    let end: Int64

    /// Measures one scenario and tells on standard error how far it is.
    func run(_ scenario: any Scenario) -> ScenarioReport {
        let load = Machine.currentLoad
        var values: [String: [Contender: [Double]]] = [:]
        var failures: [String] = []
        var failed: Set<Contender> = []
        for round in 1...(scenario.rounds ?? rounds) {
            guard round == 1 || SystemClock.monotonicNanoseconds < end else { break }
            for contender in scenario.contenders where contenders.contains(contender) && !failed.contains(contender) {
                tell("\(scenario.name), round \(round), \(contender.rawValue)")
                defer { workbench.endMeasurement() }
                do throws(BenchmarkError) {
                    for (name, value) in try scenario.measure(contender, on: workbench) {
                        values[name, default: [:]][contender, default: []].append(value)
                    }
                } catch {
                    failed.insert(contender)
                    failures.append("\(contender.rawValue): \(error)")
                }
            }
        }
        let metrics = scenario.metrics.map { MetricReport($0, values[$0.name] ?? [:]) }
        return ScenarioReport(
            name: scenario.name,
            title: scenario.title,
            loadAverage: load,
            metrics: metrics,
            failures: failures
        )
    }

    private func tell(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
