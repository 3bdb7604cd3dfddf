import LinuxIO
import Logging
import Observations
import Telemetry
import TestSupport

@testable import Admin

/// One server on a free port, with the telemetry behind it.
///
/// `@unchecked Sendable`: what is observed comes from one test, whose other tasks only ask over HTTP.
final class TestEndpoint: @unchecked Sendable {
    let pipeline = ObservationPipeline()
    let telemetry: Telemetry
    let server: AdminServer
    let subject = FakeSubject()
    /// Of its log.
    let lines = LogLines(from: .info)
    let port: Int
    /// The Unix socket.
    let path: String
    private let folder: TemporaryFolder
    private let source: ObservationSource

    init(
        _ endpoint: String = "tcp:0:interface=127.0.0.1",
        token: String? = nil,
        _ configure: (inout AdminConfiguration) -> Void = { _ in }
    ) throws {
        var configuration = TelemetryConfiguration()
        configuration.build = BuildInfo(version: "1.2.3", revision: "<abc&\"", swiftVersion: "6.3")
        configuration.readinessChecks = [.mailbox]
        let logger = lines.logger
        folder = try TemporaryFolder()
        path = folder.path + "/admin.sock"
        telemetry = try Telemetry(configuration: configuration, pipeline: pipeline, logger: logger)
        telemetry.start()
        var admin = AdminConfiguration()
        configure(&admin)
        let tcp = try ListeningSocket.open(try Endpoint(endpoint))
        port = tcp.port ?? 0
        let unix = try ListeningSocket.open(try Endpoint("unix:\(path):mode=660"))
        server = AdminServer(
            configuration: admin,
            listeners: [Handover(tcp), Handover(unix)],
            telemetry: telemetry,
            subject: subject,
            token: AdminTokenHolder(try token.map { try AdminToken(Array($0.utf8), from: "test") }),
            logger: logger
        )
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

    /// Asks for a change over the Unix socket.
    func change(_ method: String, _ path: String, _ body: String = "{}") async throws -> (status: String, text: String)
    {
        try await curl(path, "--unix-socket", self.path, "--request", method, "--json", body)
    }

    /// The status, and the headers and body as they came.
    func curl(_ path: String, _ arguments: String...) async throws -> (status: String, text: String) {
        try await curl(path, arguments)
    }

    func curl(_ path: String, _ arguments: [String]) async throws -> (status: String, text: String) {
        let process = Tool("curl")
        let all = ["--silent", "--max-time", "20", "--include"] + arguments + ["http://127.0.0.1:\(port)\(path)"]
        let outcome = try await process.run(all)
        let status = outcome.output.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
        return (status, outcome.output.replacing("\r\n", with: "\n"))
    }
}
