import Foundation
import Observations
import TestSupport
import Testing
import WormholeWire

@testable import Telemetry

@Suite("From observations to every sink")
struct TelemetryTests {
    private let folder: TemporaryFolder
    private let view: ForeignView
    private let pipeline = ObservationPipeline()

    init() throws {
        folder = try TemporaryFolder()
        view = ForeignView(path: folder.path + "/usage.sqlite")
    }

    private var log: String { folder.path + "/usage.log" }

    private func configuration(blur: Int) -> TelemetryConfiguration {
        var configuration = Scenario.configuration()
        configuration.usageDatabasePath = view.path
        configuration.logDescriptor = open(log, O_CREAT | O_WRONLY, 0o600)
        configuration.blurSeconds = blur
        return configuration
    }

    @Test("metrics, database and log agree about every record, blurred or not", arguments: [0, 3600])
    func sinksAgree(blur: Int) async throws {
        let telemetry = try Telemetry(
            configuration: configuration(blur: blur),
            pipeline: pipeline,
            logger: Sample.logger
        )
        telemetry.start()
        let source = pipeline.makeSource()
        var random = SeededGenerator(seed: 7)
        for number in 0..<500 {
            let started = Timestamp(seconds: 1_795_000_000 + Double(number) * 61.25)
            let bytes = UInt64.random(in: 0..<3_000_000, using: &random)
            source.append(
                .transitEnded(Sample.transfer(started: started, bytes: bytes, mood: .happy, waiting: .seconds(1)))
            )
            source.append(.nameplateRetired(Sample.nameplate(started: started)))
            source.append(.mailboxRetired(Sample.mailbox(started: started)))
            source.append(.clientBound(Sample.binding(connected: started)))
            source.flush()
        }
        await telemetry.stop()
        let samples = samples(telemetry.exposition())
        for kind in RecordKind.allCases {
            for sink in RecordSink.allCases {
                let labels = "sink=\"\(sink.rawValue)\",kind=\"\(kind.rawValue)\""
                #expect(samples["wormhole_usage_records_total{\(labels),result=\"written\"}"] == 500)
                #expect(samples["wormhole_usage_records_total{\(labels),result=\"dropped\"}"] == 0)
            }
        }
        #expect(samples["wormhole_transit_sessions_total{mood=\"happy\"}"] == 500)
        #expect(samples["wormhole_usage_blur_seconds"] == Double(blur))
        #expect(samples["wormhole_observations_dropped_total"] == 0)
        let lines = try #require(FileManager.default.contents(atPath: log))
        let queries = [
            (
                ".kind == \"transit\"", "[.started, .total_time, .waiting_time, .total_bytes, .mood]",
                "SELECT * FROM usage"
            ),
            (
                ".kind == \"nameplate\"", "[.app_id, .started, .waiting_time, .total_time, .result]",
                "SELECT * FROM nameplates"
            ),
            (
                ".kind == \"mailbox\"",
                "[.app_id, (if .for_nameplate then 1 else 0 end), .started, .total_time, .waiting_time, .result]",
                "SELECT * FROM mailboxes"
            ),
            (
                ".kind == \"client_version\"", "[.app_id, .side, .connect_time, .implementation, .version]",
                "SELECT * FROM client_versions"
            ),
        ]
        for (filter, columns, query) in queries {
            let program =
                "select(\(filter)) | \(columns) | map(if . == null then \"NULL\" else tostring end) | join(\"|\")"
            let logged = try await Tool("jq").run("--raw-output", program, input: lines)
            let stored = try await view.rows(query)
            #expect(stored.count == 500)
            #expect(logged.output.split(separator: "\n").map(String.init) == stored)
        }
        if blur > 0 {
            #expect(try await view.row("SELECT count(*) FROM usage WHERE started % 3600 OR total_bytes % 1000") == "0")
            #expect(try await view.row("SELECT count(*) FROM mailboxes WHERE started % 3600") == "0")
        }
    }

    @Test("(D23) what the services hold is in the current row, with blurred bytes", arguments: [0, 60])
    func levels(blur: Int) async throws {
        var configuration = configuration(blur: blur)
        configuration.currentInterval = .milliseconds(20)
        let telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        telemetry.start()
        let source = pipeline.makeSource()
        for observation in Scenario.observations { source.append(observation) }
        source.flush()
        try await eventually("the row shows it") {
            try await view.rows("SELECT connections_websocket, connected, waiting, incomplete_bytes FROM current")
                == ["5|4|2|\(blur > 0 ? 2000 : 2999)"]
        }
        await telemetry.stop()
    }

    @Test("a burst beyond the pipeline is dropped, counted exactly, and stops nothing")
    func burst() async throws {
        let telemetry = try Telemetry(
            configuration: Scenario.configuration(),
            pipeline: pipeline,
            logger: Sample.logger
        )
        telemetry.start()
        let total = 200_000
        let pipeline = self.pipeline
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let source = pipeline.makeSource(capacity: 256)
                for number in 0..<total {
                    source.append(.messageReceived(bytes: 1))
                    if number.isMultiple(of: 50) { source.flush() }
                }
                source.flush()
                continuation.resume()
            }
        }
        await telemetry.stop()
        let samples = samples(telemetry.exposition())
        let read = samples["wormhole_mailbox_messages_total{direction=\"received\"}"] ?? 0
        let dropped = samples["wormhole_observations_dropped_total"] ?? 0
        #expect(dropped > 0)
        #expect(read + dropped == Double(total))
    }

    @Test("the state that probes see follows the observations, the sinks' own included")
    func state() async throws {
        let telemetry = try Telemetry(
            configuration: configuration(blur: 0),
            pipeline: pipeline,
            logger: Sample.logger
        )
        #expect(telemetry.state.lifecycle == .starting)
        telemetry.start()
        let source = pipeline.makeSource()
        for check in [ReadinessCheck.mailbox, .transit, .channelDatabase] {
            source.append(.readinessChanged(check, isReady: true))
        }
        source.append(.lifecycleChanged(.ready))
        source.flush()
        try await eventually("all checks are good") { telemetry.state.checks.allSatisfy(\.isReady) }
        #expect(telemetry.state.isReady)
        #expect(telemetry.state.checks.map(\.check) == ReadinessCheck.allCases)
        source.append(.readinessChanged(.transit, isReady: false))
        source.flush()
        try await eventually("not ready") { !telemetry.state.isReady }
        await telemetry.stop()
    }

    @Test("an idle telemetry thread sleeps")
    func idle() async throws {
        let telemetry = try Telemetry(
            configuration: Scenario.configuration(),
            pipeline: pipeline,
            logger: Sample.logger
        )
        telemetry.start()
        let source = pipeline.makeSource()
        source.append(.sideReconnected)
        source.flush()
        let name = "wormhole_mailbox_side_reconnects_total"
        try await eventually("it was read") { samples(telemetry.exposition())[name] == 1 }
        // Asleep in the kernel, as its own thread's state says, for a hundred looks in a row.
        let threads = try threads(named: "telemetry")
        #expect(!threads.isEmpty)
        try await eventually("no context switch in 100 looks") {
            let before = threads.map(\.switches)
            for _ in 0..<100 { try await Task.sleep(for: .milliseconds(1)) }
            return zip(before, threads.map(\.switches)).contains { $0 == $1 && $0 != nil }
        }
        await telemetry.stop()
    }

    @Test("a database or descriptor that cannot be used is one clear line at start")
    func errorsAtStart() throws {
        var configuration = Scenario.configuration()
        configuration.usageDatabasePath = folder.path + "/missing/usage.sqlite"
        #expect(throws: TelemetryError.self) {
            _ = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        }
        configuration.usageDatabasePath = nil
        configuration.logDescriptor = 1_000_000
        #expect(throws: TelemetryError.self) {
            _ = try Telemetry(configuration: configuration, pipeline: pipeline, logger: Sample.logger)
        }
    }

    /// A thread of this process.
    private struct ThreadStatus {
        let path: String
        /// How often it has given up the processor of its own will.
        var switches: Int? {
            guard let text = try? String(contentsOfFile: path + "/status", encoding: .utf8) else { return nil }
            let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
            return line.flatMap { Int($0.split(separator: "\t").last ?? "") }
        }
    }

    private func threads(named name: String) throws -> [ThreadStatus] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").compactMap { task in
            let path = "/proc/self/task/\(task)"
            // A thread may end between the two looks.
            let comm = try? String(contentsOfFile: path + "/comm", encoding: .utf8)
            return comm == name + "\n" ? ThreadStatus(path: path) : nil
        }
    }
}
