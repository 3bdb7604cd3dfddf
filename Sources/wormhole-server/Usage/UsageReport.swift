import Foundation
import Telemetry
import WormholeWire

/// Everything `usage` shows, in whatever form.
struct UsageReport {
    /// A span of time that is summed up.
    struct Period {
        let name: String
        let range: Range<Timestamp>
        let totals: UsageTotals
        let waits: [UsageWait: UsageWaits]
    }

    let path: String
    let now: Timestamp
    let lastUpdate: Timestamp?
    let periods: [Period]
    let step: UsageStep
    let series: [UsageSpan]
    /// Those of the last of the periods.
    let clients: [UsageClientVersion]

    /// - Parameter range: Instead of the last hour, day, week and month.
    init(
        _ history: UsageHistory,
        range: Range<Timestamp>?,
        step: UsageStep?,
        now: Timestamp
    ) throws(TelemetryError) {
        path = history.path
        self.now = now
        lastUpdate = try history.lastUpdate()
        let ranges =
            range.map { [("range", $0)] }
            ?? [("hour", 3600), ("day", 86400), ("week", 7 * 86400), ("month", 30 * 86400)].map {
                ($0.0, now - .seconds($0.1)..<now)
            }
        var periods: [Period] = []
        for (name, range) in ranges {
            var waits: [UsageWait: UsageWaits] = [:]
            for kind in UsageWait.allCases { waits[kind] = try history.waits(kind, range) }
            periods.append(
                Period(
                    name: name,
                    range: UsageStep.hour.widening(range),
                    totals: try history.totals(range),
                    waits: waits
                )
            )
        }
        self.periods = periods
        let whole = range ?? now - .seconds(step == .hour ? 86400 : 30 * 86400)..<now
        self.step = step ?? ((whole.upperBound - whole.lowerBound).seconds <= 3 * 86400 ? .hour : .day)
        series = try history.series(whole, step: self.step)
        clients = try history.clientVersions(ranges.last?.1 ?? whole, limit: 20)
    }

    /// A line for each step, its beginning first, then every count.
    var csv: String {
        let head = (["start"] + UsageTotals.names).joined(separator: ",")
        let lines = series.map { span in
            ([UsageTime.machineText(span.start)] + UsageTotals.names.map { String(span.totals[$0]) }).joined(
                separator: ","
            )
        }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }

    func json() throws -> String {
        let document = Document(
            schema: 1,
            database: path,
            updated: lastUpdate.map(UsageTime.machineText),
            periods: periods.map { period in
                .init(
                    name: period.name,
                    since: UsageTime.machineText(period.range.lowerBound),
                    until: UsageTime.machineText(period.range.upperBound),
                    counts: Self.counts(period.totals),
                    waits: Dictionary(
                        uniqueKeysWithValues: period.waits.map { kind, waits in
                            (
                                kind.rawValue,
                                .init(
                                    count: waits.count,
                                    p50: waits.count > 0 ? waits.median : nil,
                                    p90: waits.count > 0 ? waits.ninetieth : nil,
                                    exact: waits.isExact
                                )
                            )
                        }
                    )
                )
            },
            step: step.rawValue,
            series: series.map { .init(start: UsageTime.machineText($0.start), counts: Self.counts($0.totals)) },
            clients: clients.map { .init(implementation: $0.implementation, version: $0.version, clients: $0.clients) }
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }

    private static func counts(_ totals: UsageTotals) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: UsageTotals.names.map { ($0, totals[$0]) })
    }

    private struct Document: Encodable {
        struct Period: Encodable {
            let name, since, until: String
            let counts: [String: Int]
            let waits: [String: Waits]
        }

        struct Waits: Encodable {
            let count: Int
            let p50, p90: Double?
            let exact: Bool
        }

        struct Span: Encodable {
            let start: String
            let counts: [String: Int]
        }

        struct Client: Encodable {
            let implementation, version: String?
            let clients: Int
        }

        let schema: Int
        let database: String
        let updated: String?
        let periods: [Period]
        let step: String
        let series: [Span]
        let clients: [Client]
    }
}
