import Foundation
import Glibc
import TestSupport
import Testing

/// The release build of `wormhole-server`, started on free ports of the loopback interface, and what it shows of itself.
actor RunningServer {
    /// The ports of its listeners, by the lines it writes when it starts.
    struct Ports: Sendable {
        var mailbox = 0
        var transit = 0
        var transitWebSocket = 0
        var admin = 0
    }

    static let anyPort = "tcp:0:interface=127.0.0.1"

    /// The state folder.
    nonisolated let folder: TemporaryFolder
    private let options: [String]
    private let sandbox: Sandbox?
    private let records: String?
    private let shell: String?
    private(set) var child: ChildProcess
    private(set) var ports: Ports

    /// Starts `wormhole-server start` and waits until it is ready.
    ///
    /// - Parameters:
    ///   - options: Come after those for free ports, and take their place.
    ///   - recordsLines: Whether lines of JSON go to the file ``recordLines()`` reads.
    ///   - shell: What a shell does before it gives its place to the server.
    init(
        _ options: String...,
        in sandbox: Sandbox? = nil,
        recordsLines: Bool = false,
        shell: String? = nil,
        folder: TemporaryFolder? = nil
    ) async throws {
        self.folder = try folder ?? TemporaryFolder()
        self.sandbox = sandbox
        self.shell = shell
        records = recordsLines ? self.folder.path + "/records.jsonl" : nil
        self.options =
            ["start", "--state-dir=\(self.folder.path)"]
            + ["--mailbox", "--transit", "--transit-websocket", "--admin"]
            .filter { name in !options.contains { $0.hasPrefix("\(name)=") } }.map { "\($0)=\(Self.anyPort)" }
            // Nobody but the test is to be counted.
            + (options.contains { $0.hasPrefix("--selftest-interval=") } ? [] : ["--selftest-interval=0"])
            + (recordsLines ? ["--log-fd=3"] : []) + options
        (child, ports) = try await Self.launch(self.options, in: sandbox, records: records, shell: shell)
    }

    /// Starts again after the process has ended, in the same folder; the ports are new ones.
    func restart() async throws {
        try #require(child.hasEnded, "it still runs")
        (child, ports) = try await Self.launch(options, in: sandbox, records: records, shell: shell)
    }

    /// Ends it with a signal.
    func end(with signal: CInt) async throws -> ChildProcess.Ending {
        child.send(signal: signal)
        return try await child.end()
    }

    /// Asks the admin endpoint.
    ///
    /// - Parameter options: Of curl(1).
    func get(_ path: String, _ options: String...) async throws -> String {
        let url = "http://127.0.0.1:\(ports.admin)\(path)"
        let arguments = ["--silent", "--show-error", "--fail", "--max-time", "20"] + options + [url]
        let curl = try sandbox?.start("curl", arguments) ?? ChildProcess("curl", arguments)
        let ending = try await curl.end()
        try #require(ending == .exited(0), "\(curl.transcript)\n\(child.transcript)")
        return curl.output
    }

    /// What the admin endpoint answers to a change over its Unix socket: the status, and the body.
    nonisolated func change(
        _ method: String,
        _ path: String,
        _ body: JSON = [:]
    ) async throws -> (status: Int, text: String) {
        let output = try await run(
            "curl",
            "--silent",
            "--max-time",
            "30",
            "--unix-socket",
            folder.path + "/admin.sock",
            "--write-out",
            "%{http_code}",
            "--request",
            method,
            "--json",
            body.text,
            "http://localhost\(path)"
        )
        return (Int(output.suffix(3)) ?? 0, String(output.dropLast(3)))
    }

    /// Asks the admin endpoint, and returns the status beside the answer, whatever that is.
    func status(of path: String) async throws -> (code: Int, body: String) {
        let url = "http://127.0.0.1:\(ports.admin)\(path)"
        let arguments = ["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", url]
        let curl = try sandbox?.start("curl", arguments) ?? ChildProcess("curl", arguments)
        let ending = try await curl.end()
        try #require(ending == .exited(0), "\(curl.transcript)\n\(child.transcript)")
        let parts = curl.output.split(separator: "\n", omittingEmptySubsequences: false)
        return (parts.last.flatMap { Int($0) } ?? 0, parts.dropLast().joined(separator: "\n"))
    }

    /// The value of a series, such as `wormhole_transit_sessions_total{mood="happy"}`.
    func metric(_ series: String) async throws -> Double {
        let line = try await get("/metrics").split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return try #require(line.flatMap { Double($0.dropFirst(series.count + 1)) }, "there is no series \(series)")
    }

    /// The values of all series of a family, by their labels as they are written.
    func metrics(of family: String) async throws -> [Substring: Double] {
        let lines = try await get("/metrics").split(separator: "\n").filter { $0.hasPrefix(family + "{") }
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                let parts = line.dropFirst(family.count).split(separator: " ")
                return parts.last.flatMap { Double($0) }.map { (parts[0], $0) }
            }
        )
    }

    /// The complete lines of JSON so far.
    func recordLines() throws -> [JSON] {
        let path = try #require(records, "this server has no log of records")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { try JSON($0) }
    }

    /// The answer of one of the databases, a line for each row with `|` between the columns.
    nonisolated func query(_ database: String, _ statement: String) async throws -> [Substring] {
        let path = folder.path + "/" + database
        return try await run("sqlite3", "-readonly", "-cmd", ".timeout 5000", path, statement).split(separator: "\n")
    }

    private static func launch(
        _ options: [String],
        in sandbox: Sandbox?,
        records: String?,
        shell: String?
    ) async throws -> (ChildProcess, Ports) {
        let setup = ChildProcess.Setup(extraOutput: records)
        var program = try Repository.server()
        var options = options
        if let shell {
            options = ["-c", "\(shell); exec \"$@\"", "bash", program] + options
            program = "bash"
        }
        let child = try sandbox?.start(program, options, setup) ?? ChildProcess(program, options, setup)
        try await child.errors("the server is ready") { $0.contains("[server] ready") }
        var ports = Ports()
        // The relay's lines come in this order; a Unix socket's line has no port.
        var transit: [WritableKeyPath<Ports, Int>] = [\.transitWebSocket, \.transit]
        if options.contains("--transit=none") { transit = [\.transitWebSocket] }
        for match in child.errors.matches(of: /\[(\w+)\] \w+ starting on (\S+)/) {
            let port = Int(match.2) ?? 0
            switch match.1 {
            case "mailbox": ports.mailbox = port
            // Of the two listeners one has a port.
            case "admin": ports.admin = max(ports.admin, port)
            case "transit": transit.popLast().map { ports[keyPath: $0] = port }
            default: break
            }
        }
        return (child, ports)
    }
}
