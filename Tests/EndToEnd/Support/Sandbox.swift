import Foundation
import TestSupport
import Testing

/// A network of its own for a server and its clients: one loopback interface and nothing else.
///
/// Clients find no address there by which they could reach each other directly, so whatever they send to each other takes
/// the relay. The public relay's name, built into the Go client, leads to this network's own port 4001.
final class Sandbox: Sendable {
    /// Ends by itself, should the tests be killed.
    private static let lifetimeSeconds = 900

    private let files: TemporaryFolder
    private let holder: ChildProcess

    init() async throws {
        files = try TemporaryFolder()
        let hosts = files.path + "/hosts"
        try Data("127.0.0.1 localhost transit.magic-wormhole.io\n".utf8).write(to: URL(filePath: hosts))
        let script = "ip link set lo up && mount --bind \"$1\" /etc/hosts && echo ready && exec sleep \"$2\""
        holder = try ChildProcess(
            "unshare",
            ["--map-root-user", "--net", "--mount", "sh", "-c", script, "sh", hosts, String(Self.lifetimeSeconds)]
        )
        let holder = self.holder
        try await eventually("the network is there (it takes the right to unshare(2))", within: .seconds(10)) {
            try #require(!holder.hasEnded, "\(holder.transcript)")
            return holder.output.contains("ready")
        }
    }

    /// Starts a program inside.
    func start(
        _ program: String,
        _ arguments: [String],
        _ setup: ChildProcess.Setup = ChildProcess.Setup()
    ) throws -> ChildProcess {
        let folder = setup.folder ?? FileManager.default.currentDirectoryPath
        let prefix = [
            "--preserve-credentials", "--user", "--net", "--mount", "--wdns=\(folder)", "--target",
            String(holder.processID), "--", program,
        ]
        return try ChildProcess("nsenter", prefix + arguments, setup)
    }
}
