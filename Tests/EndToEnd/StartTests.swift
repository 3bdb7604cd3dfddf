import Foundation
import Glibc
import LinuxIO
import TestSupport
import Testing

@Suite("Starting", .timeLimit(.minutes(5)))
struct StartTests {
    /// Runs the program until it ends by itself.
    private func run(_ arguments: String...) async throws -> (
        ending: ChildProcess.Ending, output: String, errors: String
    ) {
        let child = try ChildProcess(Repository.server(), arguments)
        return (try await child.end(within: .seconds(10)), child.output, child.errors)
    }

    @Test(
        "help and version are shown",
        arguments: ["--version", "--help", "start --help", "mailbox --help", "transit --help"]
    )
    func help(line: String) async throws {
        let child = try ChildProcess(Repository.server(), line.split(separator: " ").map(String.init))
        #expect(try await child.end() == .exited(0))
        #expect(child.errors.isEmpty)
        #expect(child.output.contains("wormhole-server") || child.output.contains("USAGE"))
    }

    @Test(
        "mailbox 104, relay 119, 120 (D17): a command line that means nothing is told so, with the usage",
        arguments: [
            ["start", "--nonsense"], ["start", "stray"], ["transit", "transitrelay", "stray"], ["mailbox", "--port"],
            ["mailbox", "--websocket-protocol-option=foo"], ["mailbox", "--websocket-protocol-option=foo=bar"],
            ["mailbox", "--websocket-protocol-option=foo=1"], ["transit", "--blur-usage=abc"],
            ["transit", "--blur-usage=-1"],
            ["transit", "--websocket-url=http://host/"], ["transit", "--log-fd=x"], ["start", "--log-kinds=nonsense"],
            ["start", "--mailbox=none", "--transit=none", "--transit-websocket=none"],
        ]
    )
    func usage(arguments: [String]) async throws {
        let child = try ChildProcess(Repository.server(), arguments)
        #expect(try await child.end(within: .seconds(10)) == .exited(64))
        #expect(child.errors.contains("Usage: wormhole-server \(arguments[0])"))
        #expect(child.output.isEmpty)
    }

    @Test(
        "120: an endpoint that is none is one line and exit 1",
        arguments: ["4000", "tcp:4000x", "tcp:70000", "udp:4000", "tcp:4000:colour=red", "tcp:0:interface=example"]
    )
    func badEndpoint(endpoint: String) async throws {
        for option in ["--mailbox", "--transit", "--transit-websocket", "--admin"] {
            let result = try await run("start", "\(option)=\(endpoint)")
            #expect(result.ending == .exited(1))
            #expect(result.errors.hasPrefix("Error: bad endpoint '\(endpoint)': "))
            #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)")
        }
    }

    @Test("mailbox 106 (D16), relay 121 (D15): a port in use is one line and exit 1, and nothing is left behind")
    func portInUse() async throws {
        let folder = try TemporaryFolder()
        let taken = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        let endpoint = "tcp:\(taken.name):interface=127.0.0.1"
        for option in ["--mailbox", "--transit", "--transit-websocket", "--admin"] {
            let free = ["--mailbox", "--transit", "--transit-websocket", "--admin"].filter { $0 != option }
                .map { "\($0)=unix:\(folder.path)/\($0.dropFirst(2))" }
            let arguments = ["start", "--state-dir=\(folder.path)", "\(option)=\(endpoint)"] + free
            let child = try ChildProcess(Repository.server(), arguments)
            #expect(try await child.end(within: .seconds(10)) == .exited(1))
            #expect(child.errors == "Error: cannot listen on \(endpoint): address already in use\n")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test(
        "mailbox 105: tcp:PORT is IPv4 alone, as with the original, and both families where the interface says so",
        arguments: [("tcp:0", CInt(7)), (#"tcp:0:interface=\:\:"#, CInt(0))]
    )
    func families(endpoint: String, overIPv6: CInt) async throws {
        let child = try ChildProcess(Repository.server(), ["mailbox", "--port=\(endpoint)", "--channel-db=:memory:"])
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        let port = try #require(child.errors.firstMatch(of: /Mailbox starting on (\d+)/)?.1)
        // curl ends with 7 when nobody takes the connection.
        for (host, ending) in [("127.0.0.1", CInt(0)), ("[::1]", overIPv6)] {
            let page = try ChildProcess("curl", ["--silent", "--fail", "http://\(host):\(port)/"])
            #expect(try await page.end() == .exited(ending), "\(host)")
        }
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("a folder that takes no files is one line and exit 1", arguments: ["/proc", "/nowhere", "/dev/null"])
    func unwritableFolder(path: String) async throws {
        let anyPort = RunningServer.anyPort
        let result = try await run(
            "start",
            "--state-dir=\(path)",
            "--mailbox=\(anyPort)",
            "--transit=\(anyPort)",
            "--transit-websocket=\(anyPort)",
            "--admin=\(anyPort)"
        )
        #expect(result.ending == .exited(1))
        #expect(result.errors.hasPrefix("Error: cannot write to the state directory \(path): "))
        #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)")
    }

    @Test("120 (D17): files and descriptors that cannot be used are one line and exit 1, and are left as they are")
    func unusableFiles() async throws {
        let folder = try TemporaryFolder()
        let other = folder.path + "/other"
        try Data("this is no database, but it is long enough to be looked at as one".utf8).write(
            to: URL(filePath: other)
        )
        let port = "--port=\(RunningServer.anyPort)"
        for arguments in [
            ["mailbox", port, "--channel-db=\(other)"], ["mailbox", port, "--channel-db=/nowhere/relay.sqlite"],
            ["mailbox", port, "--channel-db=:memory:", "--usage-db=\(other)"],
            ["transit", port, "--usage-db=\(other)"],
            ["transit", port, "--usage-db=/nowhere/usage.sqlite"], ["transit", port, "--log-fd=77"],
        ] {
            let child = try ChildProcess(Repository.server(), arguments)
            #expect(try await child.end(within: .seconds(10)) == .exited(1), "\(arguments)")
            #expect(child.errors.filter { $0 == "\n" }.count == 1, "\(child.transcript)")
            #expect(child.errors.hasPrefix("Error: "), "\(child.transcript)")
        }
        #expect(try String(contentsOfFile: other, encoding: .utf8).hasPrefix("this is no database"))
    }

    @Test("without options everything is where operators expect it")
    func defaults() async throws {
        let folder = try TemporaryFolder()
        let sandbox = try await Sandbox()
        let setup = ChildProcess.Setup(folder: folder.path)
        let child = try sandbox.start(Repository.server(), ["start"], setup)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        for line in [
            "[mailbox] Mailbox starting on 4000", "[transit] Transit starting on 4001",
            "[transit] Transit starting on 4002",
            "[admin] Admin starting on 4003", "Using WebSocket URL 'ws://localhost:4002'",
            "blurring access times to 3600 seconds", "limit of open files",
        ] {
            #expect(child.errors.contains(line), "\(child.transcript)")
        }
        let page = try sandbox.start("curl", ["--silent", "--fail", "http://127.0.0.1:4000/", "http://[::1]:4000/"])
        #expect(try await page.end() == .exited(0))
        #expect(page.output == "Wormhole Relay\nWormhole Relay\n")
        let admin = try sandbox.start("curl", ["--silent", "--fail", "http://127.0.0.1:4003/readyz"])
        #expect(try await admin.end() == .exited(0))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(["relay.sqlite", "usage.sqlite"]).isSubset(of: files))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("systemd's folder is the state folder")
    func stateDirectory() async throws {
        let folder = try TemporaryFolder()
        let anyPort = RunningServer.anyPort
        let setup = ChildProcess.Setup(environment: ["STATE_DIRECTORY": folder.path])
        let arguments = [
            "start", "--mailbox=\(anyPort)", "--transit=none", "--transit-websocket=none", "--admin=none",
        ]
        let child = try ChildProcess(Repository.server(), arguments, setup)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        #expect(FileManager.default.fileExists(atPath: folder.path + "/relay.sqlite"))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("the relay starts with the original's command line")
    func transit() async throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "transit", "transitrelay", "-p", "unix:\(folder.path)/relay", "--websocket", RunningServer.anyPort, "-u",
            "wss://relay.example/", "--usage-db", folder.path + "/usage.sqlite",
        ]
        let child = try ChildProcess(Repository.server(), arguments)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        #expect(child.errors.contains("Transit starting on \(folder.path)/relay"))
        #expect(child.errors.contains("Using WebSocket URL 'wss://relay.example/'"))
        #expect(child.errors.contains("not blurring access times"))
        let version = try await EndToEnd.run("sqlite3", folder.path + "/usage.sqlite", "SELECT version FROM version")
        #expect(version == "1\n")
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("108: a low limit of open files is raised, and that is told")
    func fileLimit() async throws {
        let script = "ulimit -Sn 256 && exec \"$@\""
        let arguments = ["-c", script, "sh", try Repository.server(), "transit", "--port=\(RunningServer.anyPort)"]
        let child = try ChildProcess("sh", arguments)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        #expect(child.errors.contains("limit of open files raised from 256 to "))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }
}
