import Foundation

/// The text form of a report.
enum Table {
    private static let nameWidth = 40
    private static let columnWidth = 11

    static func heading(_ machine: Machine) -> String {
        """
        \(machine.date)  \(machine.command)
        \(machine.processor), \(machine.processors) processors, \(machine.memoryGigabytes) GB, \(machine.kernel)
        load average \(machine.loadAverage), congestion control \(machine.congestionControl)
        \(machine.versions.joined(separator: ", "))
        """
    }

    static func text(_ scenario: ScenarioReport) -> String {
        var lines = [pad(scenario.title, nameWidth + Contender.allCases.count * columnWidth)]
        lines.append(
            pad("  load average \(number(scenario.loadAverage))", nameWidth)
                + Contender.allCases.map { padLeft($0.rawValue, columnWidth) }.joined()
        )
        for metric in scenario.metrics {
            let label = metric.unit == .count ? metric.name : "\(metric.name), \(metric.unit.rawValue)"
            let columns = Contender.allCases.map { contender in
                padLeft(metric.medians[contender.rawValue].map(number) ?? "-", columnWidth)
            }
            lines.append(pad("  " + label, nameWidth) + columns.joined())
            for verdict in metric.verdicts {
                lines.append("      \(verdict.isMet ? "met   " : "MISSED") \(verdict.text)")
            }
        }
        lines += scenario.failures.map { "  FAILED \($0)" }
        return lines.map(trimmed).joined(separator: "\n") + "\n"
    }

    static func summary(_ report: Report) -> String {
        let missed = report.verdicts.count { !$0.isMet }
        var lines = ["\(report.verdicts.count) targets: \(report.verdicts.count - missed) met, \(missed) missed"]
        for scenario in report.scenarios {
            for metric in scenario.metrics {
                lines += metric.verdicts.filter { !$0.isMet }.map { "  \(scenario.name), \(metric.name): \($0.text)" }
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Three digits that count, and no more.
    static func number(_ value: Double) -> String {
        let size = abs(value)
        let decimals = size == 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
        return String(format: "%.\(decimals)f", value)
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }

    private static func padLeft(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 1)) + text
    }
}
