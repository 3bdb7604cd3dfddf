import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("Strict privacy", .serialized)
struct StrictPrivacyTests {
    private let blur = Blur(seconds: 3600, isStrict: true)
    private let hour = Timestamp(seconds: 1_795_233_600)

    @Test(
        "durations are rounded down to whole windows",
        arguments: [
            (0, 0), (1, 0), (3599.999, 0), (3600, 3600), (7199, 3600), (86399, 82800),
        ] as [(Double, Int)]
    )
    func durations(exact: Double, rounded: Int) {
        #expect(blur(.seconds(exact)) == .seconds(rounded))
        #expect(Blur(seconds: 3600)(.seconds(exact)) == .seconds(exact))
        #expect(Blur(seconds: 0, isStrict: true)(.seconds(exact)) == .seconds(exact))
    }

    @Test("every time and every duration of a record is rounded, and of what metrics see")
    func everything() {
        let transfer = TransitSummary(
            started: Sample.start,
            totalTime: .seconds(3601),
            waitingTime: .seconds(59),
            totalBytes: 1999,
            mood: .happy,
            session: .init(cause: .clientClose, duration: .seconds(3602))
        )
        let rounded = TransitSummary(
            started: hour,
            totalTime: .seconds(3600),
            waitingTime: .zero,
            totalBytes: 1000,
            mood: .happy,
            session: .init(cause: .clientClose, duration: .seconds(3600))
        )
        #expect(blur(.transit(transfer)) == .transit(rounded))
        #expect(blur(Observation.transitEnded(transfer)) == .transitEnded(rounded))
        guard case .nameplate(let nameplate) = blur(.nameplate(Sample.nameplate())),
            case .mailbox(let mailbox) = blur(.mailbox(Sample.mailbox()))
        else { return #expect(Bool(false)) }
        #expect(nameplate.started == hour && nameplate.totalTime == .zero && nameplate.waitingTime == .zero)
        #expect(mailbox.started == hour && mailbox.totalTime == .zero && mailbox.waitingTime == nil)
        let kind = Scenario.mailboxConnection
        #expect(
            blur(.connectionClosed(kind, cause: .clientClose, lifetime: .seconds(4000)))
                == .connectionClosed(kind, cause: .clientClose, lifetime: .seconds(3600))
        )
        #expect(
            blur(.transitPaired(.init(waitingTime: .seconds(9), setupTime: .seconds(1), path: .tcpToTCP)))
                == .transitPaired(.init(waitingTime: .zero, setupTime: .seconds(1), path: .tcpToTCP))
        )
        #expect(
            blur(.transitWaitingLevels(.init(connections: 1, tokens: 1, oldest: Sample.start)))
                == .transitWaitingLevels(.init(connections: 1, tokens: 1, oldest: hour))
        )
    }

    @Test("a window gives its records when it is over, shuffled, each once")
    func window() {
        let start = Timestamp(seconds: 7200)
        var window = PrivacyWindow(Blur(seconds: 3600, isStrict: true), now: start + .seconds(10))
        let records = (0..<200).map { UsageRecord.transit(Sample.transfer(bytes: UInt64($0))) }
        let excess = window.hold(records)
        #expect(excess.isEmpty)
        let early = window.isOver(at: start + .seconds(3599.9))
        #expect(window.rest(at: start + .seconds(3599)) == .seconds(1))
        let (atItsEnd, inTheNext) = (
            window.isOver(at: start + .seconds(3600)), window.isOver(at: start + .seconds(3601))
        )
        #expect(!early && atItsEnd && !inTheNext)
        let released = window.release()
        #expect(released != records)
        let bytes = released.map { record in
            guard case .transit(let summary) = record else { return UInt64.max }
            return summary.totalBytes
        }
        #expect(bytes.sorted() == (0..<200).map { UInt64($0) })
        let (rest, afterClockWasSetBack) = (window.release(), window.isOver(at: start))
        #expect(rest.isEmpty && afterClockWasSetBack)
    }

    @Test("what is held is bounded, and what does not fit is dropped and counted")
    func bounded() {
        var window = PrivacyWindow(blur, now: hour)
        let records = Array(repeating: UsageRecord.transit(Sample.transfer()), count: PrivacyWindow.capacity + 3)
        let excess = [window.hold(records).count, window.hold(Array(records.prefix(2))).count]
        let released = window.release().count
        #expect(excess == [3, 2])
        #expect(released == PrivacyWindow.capacity)
    }

    @Test("the families that are shown at once exist, and tell nothing of clients")
    func liveFamilies() throws {
        var configuration = Scenario.configuration()
        configuration.blurSeconds = 3600
        configuration.hasStrictPrivacy = true
        let telemetry = try Telemetry(configuration: configuration, pipeline: .init(), logger: Sample.logger)
        let names = Set(telemetry.metrics.families.map(\.name))
        #expect(HeldMetrics.live.subtracting(names).isEmpty)
        let before = samples(telemetry.exposition())
        let reader = MetricReader(table: telemetry.metrics)
        for observation in Scenario.observations { reader.read(observation) }
        let ofTheProcess = [
            "wormhole_server_state", "wormhole_component_ready", "wormhole_drain", "wormhole_maintenance",
            "wormhole_metrics", "wormhole_invariant_violations_total", "wormhole_selftest",
            "wormhole_connections_limit", "wormhole_mailbox_stored_limit", "wormhole_transit_buffer_limit",
            "wormhole_transit_rate_limit", "wormhole_limit_table_capacity", "wormhole_denied_ranges",
        ]
        func differences() -> [String] {
            samples(telemetry.exposition()).filter { name, value in
                before[name] != value && !ofTheProcess.contains(where: name.hasPrefix)
            }.map(\.key)
        }
        #expect(differences() == [])
        telemetry.metrics.held?.publish()
        #expect(differences().contains("wormhole_transit_active_sessions"))
    }

    @Test("what was set until the server was ready is shown then, and only then")
    func ready() async throws {
        var configuration = Scenario.configuration()
        configuration.blurSeconds = 3_000_000_000
        configuration.hasStrictPrivacy = true
        let pipeline = ObservationPipeline()
        let telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        telemetry.start()
        let source = pipeline.makeSource()
        let difficulty = "wormhole_mailbox_permission_hashcash_difficulty"
        func observe(_ bits: Int, _ state: LifecycleState) async throws -> Double? {
            source.append(.permissionDifficultyChanged(bits: bits))
            source.append(.lifecycleChanged(state))
            source.flush()
            try await eventually("it was read") { telemetry.state.lifecycle == state }
            // The state follows before the numbers, in the same round.
            for _ in 0..<20 where samples(telemetry.exposition())[difficulty] != Double(bits) {
                try await Task.sleep(for: .milliseconds(5))
            }
            return samples(telemetry.exposition())[difficulty]
        }
        #expect(try await observe(10, .ready) == 10)
        #expect(try await observe(20, .draining) == 10)
        #expect(try await observe(30, .ready) == 10)
        await telemetry.stop()
    }

    /// Somebody who reads everything we emit, all the time, and wants to know when each session started.
    @Test(
        "an attacker who reads everything finds exact starts without strict privacy, and none with it",
        arguments: [
            false, true,
        ]
    )
    func attacker(isStrict: Bool) async throws {
        let window = 2.0
        let folder = try TemporaryFolder()
        let log = folder.path + "/lines"
        var configuration = Scenario.configuration()
        configuration.usageDatabasePath = folder.path + "/usage.sqlite"
        configuration.logDescriptor = open(log, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        configuration.blurSeconds = Int(window)
        configuration.hasStrictPrivacy = isStrict
        configuration.commitInterval = .milliseconds(5)
        // So that the file is only written when there is a reason.
        configuration.currentInterval = .seconds(600)
        let pipeline = ObservationPipeline()
        let telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        telemetry.start()
        defer { close(configuration.logDescriptor ?? -1) }

        let victims = Victims(window: window, source: pipeline.makeSource())
        var attacker = PrivacyAttacker(database: configuration.usageDatabasePath ?? "", log: log)
        attacker.look(at: telemetry.exposition(), now: WallClock.now.seconds)
        while !victims.areDone {
            try await Task.sleep(for: .milliseconds(10))
            victims.live(until: WallClock.now.seconds)
            attacker.look(at: telemetry.exposition(), now: WallClock.now.seconds)
        }
        // Until everything is out.
        try await eventually("all records are out") {
            attacker.look(at: telemetry.exposition(), now: WallClock.now.seconds)
            return attacker.rows >= victims.starts.count && attacker.lines >= victims.starts.count
        }
        await telemetry.stop()
        let found = victims.starts.filter { start in
            attacker.guesses.contains { abs($0 - start) < window * 0.05 }
        }
        if isStrict {
            #expect(found.isEmpty, "the attacker knows \(found.count) of \(victims.starts.count)")
        } else {
            #expect(found.count == victims.starts.count, "the attacker knows only \(found.count)")
        }
    }
}

/// Sessions that start well inside a window and last some time, some beyond its end.
private final class Victims {
    let starts: [Double]
    private var events: [(time: Double, observations: [Observation])] = []
    private let source: ObservationSource

    init(window: Double, source: ObservationSource) {
        self.source = source
        let first = (WallClock.now.seconds / window).rounded(.up) * window
        var starts: [Double] = []
        for (number, place) in [0.31, 0.4, 0.64, 0.78].enumerated() {
            let start = first + Double(number / 2) * window + place * window
            let length = [0.3, 1.7, 0.2, 2.4][number]
            starts.append(start)
            let kind = Scenario.transitConnection
            events.append(
                (
                    start,
                    [
                        .connectionAccepted(kind),
                        .transitWaitingLevels(.init(connections: 1, tokens: 1, oldest: .init(seconds: start))),
                    ]
                )
            )
            events.append(
                (
                    start + length,
                    [
                        .transitWaitingLevels(.init()),
                        .connectionClosed(kind, cause: .clientClose, lifetime: .seconds(length)),
                        .transitEnded(
                            TransitSummary(
                                started: .init(seconds: start),
                                totalTime: .seconds(length),
                                waitingTime: nil,
                                totalBytes: 0,
                                mood: .lonely,
                                session: nil
                            )
                        ),
                    ]
                )
            )
        }
        self.starts = starts
        events.sort { $0.time < $1.time }
    }

    var areDone: Bool { events.isEmpty }

    func live(until now: Double) {
        while let event = events.first, event.time <= now {
            events.removeFirst()
            for observation in event.observations { source.append(observation) }
        }
        source.flush()
    }
}

/// Collects every moment at which anything changed, every time that is told, and each of these less every duration that is
/// told: if a start can be known, it is among them.
private struct PrivacyAttacker {
    let database: String
    let log: String
    private(set) var rows = 0
    private(set) var lines = 0
    private var moments: Set<Double> = []
    private var durations: Set<Double> = [0]
    private var last: [String: Double] = [:]
    private var lastModified: [String: Double] = [:]

    init(database: String, log: String) {
        self.database = database
        self.log = log
    }

    var guesses: Set<Double> { Set(moments.flatMap { moment in durations.map { moment - $0 } }) }

    /// - Parameter exposition: The metrics of now.
    mutating func look(at exposition: [UInt8], now: Double) {
        let samples = samples(exposition)
        // What moves by the clock, or because we look, tells nothing by itself.
        let clocks = [
            "wormhole_metrics_", "wormhole_event_loop_", "process_", "wormhole_maintenance_", "wormhole_usage_last",
        ]
        for (name, value) in samples where !clocks.contains(where: name.hasPrefix) && last[name] != value {
            if !last.isEmpty { moments.insert(now) }
            if value > 1e9 { moments.insert(value) }
            if name.hasSuffix("_sum"), value > 0 { durations.insert(value - (last[name] ?? 0)) }
        }
        last = samples
        if let text = try? String(contentsOfFile: log, encoding: .utf8) {
            let count = text.split(separator: "\n").count
            if count > lines {
                moments.insert(now)
                lines = count
            }
            for field in text.split(whereSeparator: { ",:}".contains($0) }) {
                remember(Double(field.trimmingCharacters(in: .whitespaces)))
            }
        }
        for path in [log, database] {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            let modified = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970
            if let modified, let before = lastModified.updateValue(modified, forKey: path), before != modified {
                moments.insert(modified)
            }
        }
        lookAtDatabase(now: now)
    }

    private mutating func lookAtDatabase(now: Double) {
        guard
            let output = try? Tool("sqlite3").run(
                "-readonly",
                database,
                """
                SELECT count(*) FROM usage; SELECT rowid, * FROM usage; SELECT * FROM counters; SELECT * FROM hours;
                SELECT connected, waiting, incomplete_bytes FROM current;
                """
            )
        else { return }
        for field in output.split(whereSeparator: { "|\n".contains($0) }) { remember(Double(field)) }
        let count = output.split(separator: "\n").first.flatMap { Int($0) } ?? rows
        if output != lastOutput {
            if !lastOutput.isEmpty { moments.insert(now) }
            lastOutput = output
        }
        rows = count
    }

    private var lastOutput = ""

    private mutating func remember(_ number: Double?) {
        guard let number else { return }
        if number > 1e9 { moments.insert(number) } else if number > 0, number < 100 { durations.insert(number) }
    }
}

extension Tool {
    /// Runs to the end, on this thread, with a small output.
    fileprivate func run(_ arguments: String...) throws -> String {
        let process = makeProcess(arguments)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = Pipe()
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
