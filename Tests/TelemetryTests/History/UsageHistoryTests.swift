import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("What the usage database says of the past")
struct UsageHistoryTests {
    private let folder: TemporaryFolder
    private let path: String
    private let view: ForeignView
    /// 2026-11-21T00:00:00Z.
    private let day = Timestamp(seconds: 1_795_219_200)

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/usage.sqlite"
        view = ForeignView(path: path)
    }

    private func write(_ records: [UsageRecord]) throws {
        let file = UsageDatabaseFile(path: path, schema: .mailboxSuperset, waitsForLock: { _ in false })
        let row = CurrentRow(rebooted: day, updated: day + .seconds(5), blurSeconds: nil, levels: .init())
        try UsageDatabase(file).write(records, current: row)
    }

    private func transfer(at seconds: Double, waited: Double, bytes: UInt64 = 10) -> UsageRecord {
        .transit(
            Sample.transfer(started: day + .seconds(seconds), bytes: bytes, mood: .happy, waiting: .seconds(waited))
        )
    }

    @Test("a range is summed up in whole hours, a series has every step")
    func sums() throws {
        try write([
            transfer(at: 10, waited: 1), transfer(at: 3599, waited: 1), transfer(at: 3600, waited: 1, bytes: 7),
            transfer(at: 86400, waited: 1), .mailbox(Sample.mailbox(started: day + .seconds(7300))),
        ])
        let history = try UsageHistory(path: path)
        let hours = day + .seconds(1800)..<day + .seconds(7201)
        let totals = try history.totals(hours)
        #expect(totals[TransitMood.happy] == 3 && totals.transitBytes == 27 && totals.mailboxes == 1)
        #expect(totals[MailboxResult.scary] == 1 && totals.nameplates == 0 && totals.transits == 3)
        let series = try history.series(hours, step: .hour)
        #expect(series.map(\.start) == [day, day + .seconds(3600), day + .seconds(7200)])
        #expect(series.map(\.totals.transits) == [2, 1, 0])
        #expect(series.map(\.totals.mailboxes) == [0, 0, 1])
        let days = try history.series(hours.lowerBound..<day + .seconds(86401), step: .day)
        #expect(days.map(\.start) == [day, day + .seconds(86400)])
        #expect(days.map(\.totals.transits) == [3, 1])
        #expect(try history.totals(day..<day + .seconds(172_800)).transits == 4)
        #expect(try history.lastUpdate() == day + .seconds(5))
    }

    @Test("waiting times are exact while the rows are there, and estimated when some are gone")
    func waits() async throws {
        // 0.1, 0.2 … 10.0 s
        try write((1...100).map { transfer(at: Double($0), waited: Double($0) / 10) })
        let range = day..<day + .seconds(3600)
        let exact = try UsageHistory(path: path).waits(.transit, range)
        #expect(exact.isExact && exact.count == 100)
        #expect(exact.median == 5 && exact.ninetieth == 9)
        try await view.execute("DELETE FROM usage WHERE rowid > 3")
        let estimated = try UsageHistory(path: path).waits(.transit, range)
        #expect(!estimated.isExact && estimated.count == 100)
        #expect(abs(estimated.median - 5) < 0.2 && abs(estimated.ninetieth - 9) < 0.2)
        let none = try UsageHistory(path: path).waits(.nameplate, range)
        #expect(none.count == 0 && none.median == 0)
    }

    @Test("shares of few and of very long waits")
    func shares() {
        #expect(UsageWaits.place(of: 0.5, among: 1) == 0)
        #expect(UsageWaits.place(of: 0.9, among: 10) == 8)
        #expect(UsageWaits.place(of: 1, among: 10) == 9)
        let empty = WaitBuckets(counts: Array(repeating: 0, count: UsageCounts.waitBounds.count), above: 0)
        #expect(empty.estimate(0.5) == 0)
        let long = WaitBuckets(counts: empty.counts, above: 3)
        #expect(long.estimate(0.5) == 3600)
    }

    @Test("clients are listed by what they call themselves, each side once")
    func clients() async throws {
        try write([])
        try await view.execute(
            """
            INSERT INTO client_versions VALUES ('a', 's1', \(Int(day.seconds)), 'python', '0.24.0'),
                ('a', 's1', \(Int(day.seconds)), 'python', '0.24.0'), ('a', 's2', \(Int(day.seconds)), 'python', '0.24.0'),
                ('a', 's3', \(Int(day.seconds)), NULL, NULL), ('a', 's4', \(Int(day.seconds) + 3600), 'rust', '1')
            """
        )
        #expect(
            try UsageHistory(path: path).clientVersions(day..<day + .seconds(10), limit: 5) == [
                UsageClientVersion(implementation: "python", version: "0.24.0", clients: 2),
                UsageClientVersion(implementation: nil, version: nil, clients: 1),
            ]
        )
    }

    @Test("what cannot be read is one line that names the file, and nothing is made or changed")
    func errors() async throws {
        func error() -> TelemetryError? {
            do {
                _ = try UsageHistory(path: path)
                return nil
            } catch { return error }
        }
        #expect(error() == TelemetryError(.unusableFile, "\(path): No such file or directory"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        try Data("not a database at all, whatever it is".utf8).write(to: URL(filePath: path))
        #expect(error() == TelemetryError(.foreignDatabase, "\(path) is not an SQLite database"))
        try FileManager.default.removeItem(atPath: path)
        try await view.execute(UsageDatabaseFileTests.mailboxVersion2)
        let before = FileManager.default.contents(atPath: path)
        #expect(error()?.code == .foreignDatabase)
        #expect(FileManager.default.contents(atPath: path) == before)
        try FileManager.default.removeItem(atPath: path)
        try write([])
        let lock = try await ForeignLock(path)
        #expect(error() == TelemetryError(.lockedDatabase, "\(path) is locked by another program"))
        try lock.release()
        #expect(error() == nil)
        #expect(throws: TelemetryError(.unusableFile, "\(folder.path) is not a file")) {
            _ = try UsageHistory(path: folder.path)
        }
    }
}
