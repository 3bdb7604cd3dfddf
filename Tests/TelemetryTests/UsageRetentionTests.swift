import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Deleting old records")
struct UsageRetentionTests {
    private let folder: TemporaryFolder
    private let view: ForeignView
    private let table: MetricTable
    private let pipeline = ObservationPipeline()
    private let configuration: TelemetryConfiguration

    init() throws {
        folder = try TemporaryFolder()
        view = ForeignView(path: folder.path + "/usage.sqlite")
        var configuration = TelemetryConfiguration()
        configuration.usageDatabasePath = view.path
        configuration.commitInterval = .milliseconds(10)
        configuration.usageRetention = .seconds(30 * 86400)
        configuration.retentionInterval = .milliseconds(50)
        self.configuration = configuration
        table = MetricTable(configuration)
    }

    private func writer(_ configuration: TelemetryConfiguration) throws -> UsageDatabaseWriter {
        let writer = try UsageDatabaseWriter(
            path: view.path,
            configuration: configuration,
            metrics: table.usage,
            pipeline: pipeline,
            logger: Sample.logger
        )
        writer.start()
        return writer
    }

    private func records(daysAgo: Double) -> [UsageRecord] {
        let time = WallClock.now - .seconds(daysAgo * 86400)
        return [
            .transit(Sample.transfer(started: time, bytes: 10)), .nameplate(Sample.nameplate(started: time)),
            .mailbox(Sample.mailbox(started: time)), .clientVersion(Sample.binding(connected: time)),
        ]
    }

    private func sums() async throws -> [String] {
        try await view.rows(
            """
            SELECT 'counters', name, value FROM counters UNION ALL SELECT 'hours', name, sum(value) FROM hours GROUP BY name
            UNION ALL SELECT 'days', name, sum(value) FROM days GROUP BY name
            """
        )
    }

    private func rows() async throws -> String {
        try await view.row(
            """
            SELECT (SELECT count(*) FROM usage), (SELECT count(*) FROM nameplates), (SELECT count(*) FROM mailboxes),
                   (SELECT count(*) FROM client_versions)
            """
        )
    }

    @Test("rows go when they are old, in every table; counters, hours and days stay, over restarts as well")
    func deletes() async throws {
        var keeping = configuration
        keeping.usageRetention = nil
        let first = try writer(keeping)
        first.append((0..<3000).flatMap { _ in records(daysAgo: 31) } + records(daysAgo: 29))
        await first.stop(within: .seconds(20))
        #expect(try await rows() == "3001|3001|3001|3001")
        let before = try await sums()
        #expect(table.usage.databaseRows.value(.transit) == 3001)
        #expect(abs(table.usage.oldestRecord.value() - (WallClock.now.seconds - 31 * 86400)) < 600)
        // What is deleted is not in the file any more either.
        #expect(try contents.range(of: Data("0123456789".utf8)) != nil)

        let second = try writer(configuration)
        try await eventually("old rows are gone") { try await rows() == "1|1|1|1" }
        try await eventually("the metrics follow") {
            table.usage.databaseRows.value(.transit) == 1
                && abs(table.usage.oldestRecord.value() - (WallClock.now.seconds - 29 * 86400)) < 600
        }
        #expect(try await sums() == before)
        second.append(records(daysAgo: 40))
        try await eventually("what comes in old is counted, and goes") {
            let counter = try await view.row("SELECT value FROM counters WHERE name = 'transit_bytes'")
            return try await rows() == "1|1|1|1" && counter == "30020"
        }
        await second.stop(within: .seconds(20))
        let third = try writer(keeping)
        await third.stop(within: .seconds(20))
        #expect(try await view.row("SELECT value FROM counters WHERE name = 'transit_bytes'") == "30020")
        #expect(try await view.row("SELECT value FROM counters WHERE name = 'clients_python'") == "3002")
    }

    @Test("deleting takes many short transactions, between which others may write, and leaves nothing in the file")
    func shortTransactions() async throws {
        var keeping = configuration
        keeping.usageRetention = nil
        let first = try writer(keeping)
        let count = UsageRetention.batchSize * 12
        first.append(
            (0..<count).map { _ in .clientVersion(Sample.binding(connected: WallClock.now - .seconds(40 * 86400))) }
        )
        await first.stop(within: .seconds(20))
        let second = try writer(configuration)
        var seen: Set<String> = []
        try await eventually("all are gone") {
            let rows = try await view.row("SELECT count(*) FROM client_versions")
            seen.insert(rows)
            return rows == "0"
        }
        await second.stop(within: .seconds(20))
        #expect(seen.allSatisfy { Int($0)?.isMultiple(of: UsageRetention.batchSize) == true })
        #expect(try contents.range(of: Data("0123456789".utf8)) == nil, "deleted rows are still in the file")
        var runs = 0
        _ = pipeline.drain { if case .maintenanceFinished(.retention, true, _) = $0 { runs += 1 } }
        #expect(runs >= 1)
    }

    private var contents: Data { get throws { try Data(contentsOf: URL(filePath: view.path)) } }
}
