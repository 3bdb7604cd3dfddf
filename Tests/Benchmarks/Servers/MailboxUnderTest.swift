import Glibc

/// A mailbox server, with its databases on disk: ours or the original.
final class MailboxUnderTest {
    let process: ServerProcess
    let port: UInt16
    /// Where ours shows its metrics.
    let adminPort: UInt16
    private let folder: String
    private let workbench: Workbench

    /// Starts it with a usage database and waits until it listens.
    ///
    /// - Parameter channelDatabase: Copied into its folder first; a new one is made when `nil`.
    init(
        _ contender: Contender,
        on workbench: Workbench,
        waits: Bool = true,
        channelDatabase: String? = nil
    ) throws(BenchmarkError) {
        self.workbench = workbench
        folder = try workbench.newFolder()
        if let channelDatabase { try copyFile(channelDatabase, to: folder + "/relay.sqlite") }
        port = try LoopbackAddress.freePort()
        adminPort = try LoopbackAddress.freePort()
        let command = try Self.command(contender, port: port, admin: adminPort, tools: workbench.tools)
        process = try ServerProcess(command, folder: folder)
        if waits { try process.waitUntilListening(on: port) }
    }

    deinit { end() }

    func end() {
        process.end()
        workbench.remove(folder)
    }

    /// Has an original server make an empty channel database, so that the schema is its own.
    ///
    /// - Returns: The database's path, in a folder that stays.
    static func makeChannelDatabase(on workbench: Workbench) throws(BenchmarkError) -> String {
        let folder = try workbench.newFolder()
        let port = try LoopbackAddress.freePort()
        let command = try command(.original, port: port, admin: 0, tools: workbench.tools)
        let server = try ServerProcess(command, folder: folder)
        try server.waitUntilListening(on: port)
        try server.endOrderly()
        return folder + "/relay.sqlite"
    }

    private static func command(
        _ contender: Contender,
        port: UInt16,
        admin: UInt16,
        tools: Tools
    ) throws(BenchmarkError) -> [String] {
        let endpoint = "--port=tcp:\(port):interface=127.0.0.1"
        let databases = ["--channel-db=relay.sqlite", "--usage-db=usage.sqlite"]
        switch contender {
        case .ours:
            return [tools.server, "mailbox", endpoint, "--admin=tcp:\(admin):interface=127.0.0.1"] + databases
        case .original:
            return [tools.twist, "--log-file=+", "--log-format=text", "wormhole-mailbox", endpoint] + databases
        case .haproxy, .direct:
            throw BenchmarkError("\(contender) is no mailbox server")
        }
    }
}
