import LinuxIO
import Logging
import Observations
import Telemetry
import TestSupport

@testable import Admin

/// One server on a free port, with the telemetry behind it.
final class TestEndpoint {
    let pipeline = ObservationPipeline()
    let telemetry: Telemetry
    let server: AdminServer
    let port: Int
    private let source: ObservationSource

    init(
        _ endpoint: String = "tcp:0:interface=127.0.0.1",
        _ configure: (inout AdminConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = TelemetryConfiguration()
        configuration.build = BuildInfo(version: "1.2.3", revision: "<abc&\"", swiftVersion: "6.3")
        configuration.readinessChecks = [.mailbox]
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: logger)
        telemetry.start()
        var admin = AdminConfiguration()
        configure(&admin)
        server = AdminServer(
            configuration: admin,
            listener: try ListeningSocket.open(try Endpoint(endpoint)),
            telemetry: telemetry,
            logger: logger
        )
        port = server.port ?? 0
        source = pipeline.makeSource()
        try server.start()
    }

    func observe(_ observations: Observation...) {
        for observation in observations { source.append(observation) }
        source.flush()
    }

    func stop() async {
        server.stop()
        await telemetry.stop()
    }

    /// The status, and the headers and body as they came.
    func curl(_ path: String, _ arguments: String...) async throws -> (status: String, text: String) {
        let process = Tool("curl")
        let all = ["--silent", "--max-time", "20", "--include"] + arguments + ["http://127.0.0.1:\(port)\(path)"]
        let outcome = try await process.run(all)
        let status = outcome.output.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
        return (status, outcome.output.replacing("\r\n", with: "\n"))
    }
}
