import Foundation
import Telemetry
import WormholeWire

/// The report as a table with bars, for a terminal 80 columns wide.
struct UsageTable {
    private static let labelWidth = 26
    private static let columnWidth = 13
    private static let barWidth = 24

    private let report: UsageReport

    init(_ report: UsageReport) {
        self.report = report
    }

    var text: String {
        ([heading] + totals + [""] + series + clients).joined(separator: "\n") + "\n"
    }

    private var heading: String {
        let written = report.lastUpdate.map { "last written \(UsageTime.text($0))" } ?? "not written by a server yet"
        return "Usage in \(Self.printable(report.path)), \(written); times are UTC\n"
    }

    private var totals: [String] {
        let periods = report.periods
        func row(_ label: String, _ value: (UsageReport.Period) -> String) -> String {
            Self.left(label, Self.labelWidth) + periods.map { Self.right(value($0), Self.columnWidth) }.joined()
        }
        func part(_ label: String, _ value: @escaping (UsageTotals) -> Int, of all: @escaping (UsageTotals) -> Int)
            -> String
        {
            row("  " + label) { period in
                let (number, whole) = (value(period.totals), all(period.totals))
                return number == 0 ? "-" : "\(number) \(Self.right("\(100 * number / max(1, whole))%", 4))"
            }
        }
        var lines = [
            row("") { Self.names[$0.name] ?? $0.name }, row("since") { UsageTime.text($0.range.lowerBound).dropYear },
        ]
        lines += ["", row("Mailboxes") { String($0.totals.mailboxes) }]
        lines += MailboxResult.allCases.map { result in part(result.rawValue, { $0[result] }, of: \.mailboxes) }
        lines += ["", row("Nameplates") { String($0.totals.nameplates) }]
        lines += NameplateResult.allCases.map { result in part(result.rawValue, { $0[result] }, of: \.nameplates) }
        lines += waits(.nameplate, row)
        lines += ["", row("Relay: connections") { String($0.totals.transits) }]
        lines += TransitMood.allCases.map { mood in
            part(mood == .happy ? "happy (pairs)" : mood.rawValue, { $0[mood] }, of: \.transits)
        }
        lines += [row("  bytes relayed") { Self.bytes($0.totals.transitBytes) }]
        lines += waits(.transit, row)
        lines += ["", row("Clients") { String($0.totals.clients.reduce(0) { $0 + $1.count }) }]
        for (place, client) in UsageTotals.clientNames.enumerated() {
            lines.append(
                part(
                    client == "none" ? "unnamed" : client,
                    { $0.clients[place].count },
                    of: { $0.clients.reduce(0) { $0 + $1.count } }
                )
            )
        }
        return lines
    }

    private func waits(
        _ kind: UsageWait,
        _ row: (String, (UsageReport.Period) -> String) -> String
    ) -> [String] {
        func value(_ time: @escaping (UsageWaits) -> Double) -> (UsageReport.Period) -> String {
            { period in
                guard let waits = period.waits[kind], waits.count > 0 else { return "-" }
                return (waits.isExact ? "" : "~") + Self.duration(time(waits))
            }
        }
        return [row("  half waited at most", value(\.median)), row("  nine in ten at most", value(\.ninetieth))]
    }

    private var series: [String] {
        let most = max(1, report.series.map(\.totals.mailboxes).max() ?? 0)
        let mostBytes = max(1, report.series.map(\.totals.transitBytes).max() ?? 0)
        let head = Self.left("By \(report.step.rawValue)", 18) + Self.left("Mailboxes", 32) + "Relayed"
        // A long quiet time before the first record is of no interest.
        let busy = report.series.drop { $0.totals == report.series.first?.totals && $0.totals.isEmpty }
        guard !busy.isEmpty else { return ["Nothing happened in this time.", ""] }
        return [head]
            + busy.map { span in
                Self.left(UsageTime.text(span.start, dateOnly: report.step == .day), 18)
                    + Self.left(
                        Self.right("\(span.totals.mailboxes)", 6) + " " + Self.bar(span.totals.mailboxes, most),
                        32
                    )
                    + Self.right(Self.bytes(span.totals.transitBytes), 8) + " "
                    + Self.bar(span.totals.transitBytes, mostBytes, width: 12)
            } + [""]
    }

    private var clients: [String] {
        guard let most = report.clients.first?.clients else { return [] }
        return ["Client versions"]
            + report.clients.map { client in
                let name = [client.implementation, client.version].compactMap { $0 }.joined(separator: " ")
                return "  " + Self.left(name.isEmpty ? "unnamed" : Self.printable(name), 30)
                    + Self.right("\(client.clients)", 8) + " " + Self.bar(client.clients, most)
            }
    }

    private static let names = ["hour": "last hour", "day": "last day", "week": "last week", "month": "last 30 d"]

    /// What a client calls itself may hold anything, control sequences for the terminal included.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                        "?"
                    default: scalar
                    }
                }
            )
        )
    }

    private static func bar(_ value: Int, _ most: Int, width: Int = barWidth) -> String {
        guard value > 0 else { return "" }
        let eighths = max(1, Int((Double(value) / Double(most) * Double(width * 8)).rounded()))
        let part = eighths % 8
        return String(repeating: "█", count: eighths / 8)
            + (part == 0 ? "" : String("▏▎▍▌▋▊▉".dropFirst(part - 1).prefix(1)))
    }

    private static func left(_ text: String, _ width: Int) -> String {
        let short = text.count > width ? text.prefix(width - 2) + "…" : text[...]
        return short + String(repeating: " ", count: max(0, width - short.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: String(format: "%.1f s", seconds)
        case ..<120: String(format: "%.0f s", seconds)
        case ..<7200: String(format: "%.0f min", seconds / 60)
        default: String(format: "%.1f h", seconds / 3600)
        }
    }

    private static func bytes(_ count: Int) -> String {
        var value = Double(count)
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value < 1000 {
                return count < 1000 ? "\(count) B" : String(format: value < 10 ? "%.1f %@" : "%.0f %@", value, unit)
            }
            value /= 1000
        }
        return String(format: "%.1f PB", value)
    }
}

extension String {
    /// `2026-11-21 10:00` without its year.
    fileprivate var dropYear: String { String(dropFirst(5)) }
}
