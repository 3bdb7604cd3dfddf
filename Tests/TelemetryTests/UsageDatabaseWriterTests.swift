import Foundation
import GRDB
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("The thread that keeps the usage database")
struct UsageDatabaseWriterTests {
    private let folder: TemporaryFolder
    private let path: String
    private let view: ForeignView
    private let table = MetricTable(TelemetryConfiguration())
    private let pipeline = ObservationPipeline()

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/usage.sqlite"
        view = ForeignView(path: path)
    }

    private func writer(
        _ configure: (inout TelemetryConfiguration) -> Void = { _ in }
    ) throws -> UsageDatabaseWriter {
        var configuration = TelemetryConfiguration()
        configuration.usageDatabasePath = path
        configuration.commitInterval = .milliseconds(20)
        configure(&configuration)
        let writer = try UsageDatabaseWriter(
            path: path,
            configuration: configuration,
            metrics: table.usage,
            pipeline: pipeline,
            logger: Sample.logger
        )
        writer.start()
        return writer
    }

    private func transfers(_ numbers: Range<Int>) -> [UsageRecord] {
        numbers.map { .transit(Sample.transfer(bytes: UInt64($0))) }
    }

    /// Waits until the writer has reported a failure of this kind.
    private func failure(_ kind: DatabaseFailure) async throws {
        try await eventually("a failure of kind \(kind)") {
            var hasFailed = false
            _ = pipeline.drain { if $0 == .databaseFailed(.usage, kind: kind) { hasFailed = true } }
            return hasFailed
        }
    }

    private func count(_ result: RecordResult) -> Int { Int(table.usage.records.value(.database, .transit, result)) }

    @Test("each kind of record is a row of its table, whole numbers as integers and others as REAL")
    func rows() async throws {
        let writer = try writer()
        writer.append([
            .transit(
                Sample.transfer(started: Timestamp(seconds: 1000.5), bytes: 1999, mood: .happy, waiting: .seconds(2))
            ),
            .transit(Sample.transfer(started: Timestamp(seconds: 3600))),
            .nameplate(Sample.nameplate(started: Timestamp(seconds: 7200))),
            .mailbox(Sample.mailbox(started: Timestamp(seconds: 0.25))),
            .clientVersion(Sample.binding(connected: Timestamp(seconds: 3600), implementation: nil)),
        ])
        await writer.stop(within: .seconds(10))
        #expect(
            try await view.rows(
                "SELECT *, typeof(started), typeof(total_time), typeof(waiting_time), typeof(total_bytes) FROM usage"
            )
                == [
                    "1000.5|0.4|2|1999|happy|real|real|integer|integer",
                    "3600|0.4|NULL|0|lonely|integer|real|null|integer",
                ]
        )
        #expect(
            try await view.rows("SELECT *, typeof(started), typeof(waiting_time) FROM nameplates")
                == ["lothar.com/wormhole/text-or-file-xfer|7200|1.5|4|happy|integer|real"]
        )
        #expect(
            try await view.rows("SELECT *, typeof(for_nameplate) FROM mailboxes")
                == ["lothar.com/wormhole/text-or-file-xfer|1|0.25|2.25|NULL|scary|integer"]
        )
        #expect(
            try await view.rows("SELECT * FROM client_versions")
                == ["lothar.com/wormhole/text-or-file-xfer|0123456789|3600|NULL|0.24.0"]
        )
    }

    @Test("102, 109: the current row is there at start, is kept fresh, follows the levels, and ends at zero")
    func currentRow() async throws {
        let before = WallClock.now
        let writer = try writer {
            $0.currentInterval = .milliseconds(50)
            $0.blurSeconds = 3600
        }
        let all = "SELECT connections_websocket, connected, waiting, incomplete_bytes, blur_time FROM current"
        try await eventually("the row is there") { try await view.rows(all) == ["0|0|0|0|3600"] }
        writer.update(CurrentRow.Levels(subscriptions: 3, connected: 4, waiting: 5, incompleteBytes: 6000))
        try await eventually("the row follows") { try await view.rows(all) == ["3|4|5|6000|3600"] }
        let updated = try #require(Double(await view.row("SELECT updated FROM current")))
        try await eventually("the row is fresh") {
            try #require(Double(await view.row("SELECT updated FROM current"))) > updated
        }
        let rebooted = try #require(Double(await view.row("SELECT rebooted FROM current")))
        #expect(TelemetryConfiguration().currentInterval <= .seconds(60))
        #expect(rebooted >= before.seconds && rebooted <= WallClock.now.seconds)
        await writer.stop(within: .seconds(10))
        #expect(try await view.rows(all) == ["0|0|0|0|3600"])
    }

    @Test("exact times are said by NULL, for readers divide by the window")
    func noBlur() async throws {
        await (try writer()).stop(within: .seconds(10))
        #expect(try await view.rows("SELECT blur_time FROM current") == ["NULL"])
    }

    @Test("the relay alone writes whole seconds and no mailbox records")
    func relayAlone() async throws {
        let writer = try writer { $0.usageSchema = .transitOnly }
        writer.append(transfers(0..<1) + [.nameplate(Sample.nameplate())])
        writer.update(CurrentRow.Levels(connected: 2))
        await writer.stop(within: .seconds(10))
        #expect(try await view.rows("SELECT count(*) FROM usage") == ["1"])
        #expect(
            try await view.rows("SELECT typeof(rebooted), typeof(updated), connected, waiting FROM current")
                == ["integer|integer|0|0"]
        )
    }

    @Test("the relay alone says beside its row whether times are blurred, for the same start", arguments: [0, 3600])
    func relayBlurs(seconds: Int) async throws {
        let writer = try writer {
            $0.usageSchema = .transitOnly
            $0.blurSeconds = seconds
        }
        await writer.stop(within: .seconds(10))
        let blur = try await view.rows("SELECT blur_time FROM blurring JOIN current USING (rebooted)")
        #expect(blur == [seconds == 0 ? "NULL" : "3600"])
    }

    @Test("another process reads whole transactions while we write")
    func readWhileWriting() async throws {
        let writer = try writer { $0.commitInterval = .milliseconds(1) }
        var last = 0
        for round in 0..<30 {
            // Two records that belong together are in one batch, so a reader sees both or none.
            writer.append(transfers(round * 2..<round * 2 + 2))
            let count = try #require(Int(await view.row("SELECT count(*) FROM usage")))
            #expect(count.isMultiple(of: 2) && count >= last)
            #expect(try await view.row("SELECT count(*) FROM current") == "1")
            last = count
        }
        await writer.stop(within: .seconds(10))
        #expect(try await view.row("SELECT count(*), sum(total_bytes) FROM usage") == "60|1770")
        #expect(count(.written) == 60 && count(.dropped) == 0)
    }

    @Test("while another process holds the database records wait, and are written afterwards")
    func locked() async throws {
        let writer = try writer()
        try await eventually("the row is there") { try await view.rows("SELECT 1 FROM current") == ["1"] }
        let lock = try await ForeignLock(path)
        let clock = ContinuousClock()
        let start = clock.now
        writer.append(transfers(0..<100))
        try await failure(.busy)
        #expect(clock.now - start > .seconds(4))
        let adding = clock.measure { writer.append(transfers(100..<200)) }
        #expect(adding < .seconds(1), "adding does not wait for the database")
        try lock.release()
        try await eventually("all are written") {
            try await view.row("SELECT count(*), sum(total_bytes) FROM usage") == "200|19900"
        }
        #expect(count(.dropped) == 0)
        await writer.stop(within: .seconds(10))
    }

    @Test("stopping does not wait for a lock for ever, and counts what is lost")
    func stopWhileLocked() async throws {
        let writer = try writer()
        try await eventually("the row is there") { try await view.rows("SELECT 1 FROM current") == ["1"] }
        let lock = try await ForeignLock(path)
        writer.append(transfers(0..<10))
        let clock = ContinuousClock()
        let time = await clock.measure { await writer.stop(within: .milliseconds(200)) }
        #expect(time < .seconds(20))
        #expect(count(.dropped) == 10 && count(.written) == 0)
        try lock.release()
    }

    @Test("stopping tries a database that refuses at once a few times a second, and takes what it gives at last")
    func stopWhileBroken() async throws {
        let writer = try writer { $0.commitInterval = .seconds(1000) }
        try await eventually("the row is there") { try await view.rows("SELECT 1 FROM current") == ["1"] }
        let away = folder.path + "-away"
        rename(folder.path, away)
        writer.append(transfers(0..<2))
        let clock = ContinuousClock()
        var time = Duration.zero
        async let stopped: Void = writer.stop(within: .seconds(20))
        var failures = 0
        let start = clock.now
        try await eventually("five failures") {
            let dropped = pipeline.drain { if case .databaseFailed = $0 { failures += 1 } }
            failures += dropped
            time = clock.now - start
            return failures >= 5
        }
        rename(away, folder.path)
        await stopped
        #expect(Double(failures) <= time.seconds * 10 + 2, "\(failures) tries in \(time)")
        #expect(try await view.row("SELECT count(*) FROM usage") == "2")
        #expect(count(.dropped) == 0)
    }

    @Test("a database that is deleted is made anew and goes on")
    func deleted() async throws {
        let writer = try writer()
        writer.append(transfers(0..<1))
        try await eventually("the record is there") { try await view.row("SELECT count(*) FROM usage") == "1" }
        try FileManager.default.removeItem(atPath: path)
        writer.append(transfers(1..<3))
        try await eventually("the new file has what came after") {
            guard FileManager.default.fileExists(atPath: path) else { return false }
            return try await view.rows("SELECT total_bytes FROM usage") == ["1", "2"]
        }
        #expect(count(.written) == 3 && count(.dropped) == 0)
        await writer.stop(within: .seconds(10))
    }

    @Test("a database whose folder is gone, or that was replaced by garbage, holds up nothing and heals")
    func broken() async throws {
        let writer = try writer()
        try await eventually("the row is there") { try await view.rows("SELECT 1 FROM current") == ["1"] }
        let away = folder.path + "-away"
        rename(folder.path, away)
        writer.append(transfers(0..<2))
        try await failure(.io)
        rename(away, folder.path)
        try await eventually("they are written") { try await view.row("SELECT count(*) FROM usage") == "2" }
        try Data("nonsense".utf8).write(to: URL(filePath: path + ".bad"))
        link(path, path + ".good")
        rename(path + ".bad", path)
        writer.append(transfers(2..<4))
        try await failure(.corrupt)
        #expect(FileManager.default.contents(atPath: path) == Data("nonsense".utf8))
        rename(path + ".good", path)
        try await eventually("they are written") { try await view.row("SELECT count(*) FROM usage") == "4" }
        await writer.stop(within: .seconds(10))
        #expect(count(.dropped) == 0)
    }

    @Test("a full disk is told from other failures, and the connection survives it")
    func full() async throws {
        let file = UsageDatabaseFile(path: path, schema: .mailboxSuperset, waitsForLock: { _ in false })
        let database = try UsageDatabase(file)
        let row = CurrentRow(rebooted: Sample.start, updated: Sample.start, blurSeconds: nil, levels: .init())
        try database.write([], current: row)
        let pages = { () throws -> Int in
            try database.queue.read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        }
        let limit = { (pages: Int) throws -> Void in
            try database.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        try limit(try pages())
        #expect {
            try database.write(transfers(0..<1000), current: row)
        } throws: {
            DatabaseFailure($0) == .full
        }
        #expect(try await view.row("SELECT count(*) FROM usage") == "0")
        #expect(try await view.row("SELECT count(*) FROM current") == "1")
        try limit(1_000_000)
        try database.write(transfers(0..<1000), current: row)
        #expect(try await view.row("SELECT count(*) FROM usage") == "1000")
    }

    @Test("a long queue is written in short transactions without waiting between them")
    func backlog() async throws {
        let writer = try writer { $0.commitInterval = .seconds(1000) }
        let total = UsageDatabaseWriter.batchSize * 3 + 5
        writer.append(transfers(0..<total))
        await writer.stop(within: .seconds(30))
        #expect(try await view.row("SELECT count(*) FROM usage") == "\(total)")
    }
}
