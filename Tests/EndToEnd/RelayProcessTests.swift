import Foundation
import Glibc
import TestSupport
import Testing

/// `wormhole-server transit` as a process, in the place of the original.
@Suite("The relay as a process", .timeLimit(.minutes(5)))
struct RelayProcessTests {
    private static let anyPort = "tcp:0:interface=127.0.0.1"

    /// Starts the relay and waits until it is ready.
    private func relay(_ options: String..., records: String? = nil) async throws -> ChildProcess {
        let setup = ChildProcess.Setup(extraOutput: records)
        let child = try ChildProcess(Repository.server(), ["transit"] + options, setup)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        return child
    }

    /// What the relay calls its listeners, in their order.
    private func listeners(of child: ChildProcess) -> [String] {
        child.errors.matches(of: /Transit starting on (\S+)/).map { String($0.1) }
    }

    private func port(of child: ChildProcess, _ index: Int = 0) throws -> Int {
        try #require(Int(listeners(of: child)[index]))
    }

    /// Whether a relay answers at a URL's host and port, in its own words.
    private func answers(_ url: String, in sandbox: Sandbox? = nil) async throws -> Bool {
        let arguments = ["--silent", "--http0.9", "--max-time", "20", "--noproxy", "*", url]
        let curl = try sandbox?.start("curl", arguments) ?? ChildProcess("curl", arguments)
        _ = try await curl.end()
        return curl.output == "bad handshake\n"
    }

    @Test("101, 102: a signal ends a pair, one who waits and one who is silent in order", arguments: [SIGTERM, SIGINT])
    func signals(signal: CInt) async throws {
        let folder = try TemporaryFolder()
        let records = folder.path + "/records"
        let child = try await relay(
            "--port=\(Self.anyPort)",
            "--websocket=\(Self.anyPort)",
            "--log-fd=3",
            "--drain-timeout=0",
            records: records
        )
        let pair = try await RelayPair(port: port(of: child))
        try await pair.expectPassage(of: "nine byte")
        let waiting = try await WebSocketTestClient.connect(port: port(of: child, 1))
        let line = RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001")
        try await waiting.send(binary: Array(line.utf8))
        try await waiting.send(.ping())
        #expect(try await waiting.next().opcode == 10)
        let silent = try WebSocketTestSocket.connect(port: port(of: child))
        child.send(signal: signal)
        #expect(try await waiting.next().closeCode == 1001)
        try await waiting.send(.close(1001))
        for client in [pair.left, pair.right, silent] { #expect(try await client.receiveToEnd().bytes.isEmpty) }
        #expect(try await child.end() == .exited(0))
        let lines = try String(contentsOfFile: records, encoding: .utf8).split(separator: "\n").map { try JSON($0) }
        #expect(Set(lines.compactMap { $0["mood"]?.string }) == ["happy", "lonely", "empty"])
        #expect(lines.count == 3)
        #expect(lines.first { $0["mood"] == "happy" }?["total_bytes"] == .number(9))
    }

    @Test(
        "115: by default, and at a bare tcp:4001, both families of addresses are served",
        arguments: [[], ["--port=tcp:4001"]]
    )
    func defaultPort(options: [String]) async throws {
        let sandbox = try await Sandbox()
        let child = try sandbox.start(Repository.server(), ["transit"] + options)
        try await child.errors("it is ready") { $0.contains("[server] ready") }
        #expect(child.errors.contains("Transit starting on 4001"))
        #expect(try await answers("http://127.0.0.1:4001/", in: sandbox))
        #expect(try await answers("http://[::1]:4001/", in: sandbox))
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("116: an interface is that interface")
    func interface() async throws {
        let every = try await relay(#"--port=tcp:0:interface=\:\:"#)
        #expect(try await answers("http://127.0.0.1:\(port(of: every))/"))
        #expect(try await answers("http://[::1]:\(port(of: every))/"))
        let one = try await relay("--port=\(Self.anyPort)")
        #expect(try await answers("http://127.0.0.1:\(port(of: one))/"))
        #expect(try await !answers("http://[::1]:\(port(of: one))/"))
        #expect(try await !answers("http://127.0.0.2:\(port(of: one))/"))
        for child in [every, one] {
            child.send(signal: SIGTERM)
            #expect(try await child.end() == .exited(0))
        }
    }

    @Test("117: a Unix socket serves, goes at an orderly end, and is taken over from a relay that was killed")
    func unixSocket() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay"
        let killed = try await relay("--port=unix:\(path)")
        killed.send(signal: SIGKILL)
        #expect(try await killed.end() == .killed(by: SIGKILL))
        #expect(FileManager.default.fileExists(atPath: path))
        let child = try await relay("--port=unix:\(path)")
        #expect(listeners(of: child) == [path])
        let token = RelayHandshake.token()
        let clients = try (0..<2).map { _ in try WebSocketTestSocket.connect(path: path) }
        for (index, client) in clients.enumerated() {
            try await client.send(RelayHandshake.line(token: token, side: "000000000000000\(index)"))
        }
        for client in clients { #expect(try await client.receive(exactly: 3) == Array("ok\n".utf8)) }
        child.send(signal: SIGTERM)
        #expect(try await child.end(within: .seconds(20)) == .exited(0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test(
        "119, 120 (D17): what makes no sense ends before anything listens",
        arguments: [
            ("--nonsense", 64), ("stray", 64), ("--blur-usage=abc", 64), ("--blur-usage=-1", 64), ("--log-fd=x", 64),
            ("--log-fd=77", 1), ("--usage-db=/nowhere/usage.sqlite", 1), ("--usage-db=/dev/null", 1),
            ("--port=4001", 1), ("--port=udp:4001", 1), ("--websocket=4001", 1),
        ]
    )
    func nonsense(option: String, status: CInt) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay"
        let child = try ChildProcess(Repository.server(), ["transit", "--port=unix:\(path)", option])
        #expect(try await child.end(within: .seconds(10)) == .exited(status), "\(child.transcript)")
        #expect(!child.errors.contains("starting on"))
        #expect(child.errors.hasPrefix("Error: "))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("121 (D15): a port in use is told within five seconds")
    func portInUse() async throws {
        let first = try await relay("--port=\(Self.anyPort)")
        let endpoint = "tcp:\(try port(of: first)):interface=127.0.0.1"
        for options in [["--port=\(endpoint)"], ["--port=\(Self.anyPort)", "--websocket=\(endpoint)"]] {
            let second = try ChildProcess(Repository.server(), ["transit"] + options)
            #expect(try await second.end(within: .seconds(5)) == .exited(1))
            #expect(second.errors == "Error: cannot listen on \(endpoint): address already in use\n")
        }
        first.send(signal: SIGTERM)
        #expect(try await first.end() == .exited(0))
    }

    @Test("122 (D16): WebSocket at a Unix socket without a URL, and at any free port, starts and serves")
    func webSocketEndpoints() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/websocket"
        let child = try await relay("--port=\(Self.anyPort)", "--websocket=unix:\(path)")
        #expect(!child.errors.contains("Using WebSocket URL"))
        let unix = try await WebSocketTestClient.upgrade(WebSocketTestSocket.connect(path: path))
        try await unix.send(binary: Array("bad".utf8))
        #expect(try await unix.nextBinary() == Array("bad handshake\n".utf8))
        child.send(signal: SIGTERM)
        #expect(try await child.end(within: .seconds(20)) == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: path))

        let other = try await relay("--port=\(Self.anyPort)", "--websocket=\(Self.anyPort)")
        let webSocketPort = try port(of: other, 1)
        #expect(other.errors.contains("Using WebSocket URL 'ws://localhost:\(webSocketPort)'"))
        let client = try await WebSocketTestClient.connect(port: webSocketPort)
        _ = try await client.close()
        other.send(signal: SIGTERM)
        #expect(try await other.end() == .exited(0))
    }

    @Test("123: a WebSocket URL is one of WebSocket, with a host")
    func webSocketURL() async throws {
        for url in ["http://x/", "relay.example", "ws://", "wss:", ""] {
            let child = try ChildProcess(
                Repository.server(),
                ["transit", "--port=\(Self.anyPort)", "--websocket=\(Self.anyPort)", "--websocket-url=\(url)"]
            )
            #expect(try await child.end(within: .seconds(10)) == .exited(64), "\(child.transcript)")
        }
        for url in ["wss://host/", "ws://host:81", "ws://[::1]:4002/"] {
            let child = try await relay(
                "--port=\(Self.anyPort)",
                "--websocket=\(Self.anyPort)",
                "--websocket-url=\(url)"
            )
            #expect(child.errors.contains("Using WebSocket URL '\(url)'"))
            child.send(signal: SIGTERM)
            #expect(try await child.end() == .exited(0))
        }
    }

    @Test("124: the start-up lines tell how times are kept, and where the relay is", arguments: [0, 60])
    func startUp(blur: Int) async throws {
        let child = try await relay("--port=\(Self.anyPort)", "--blur-usage=\(blur)")
        #expect(try port(of: child) > 0)
        let times = blur == 0 ? "not blurring access times" : "blurring access times to \(blur) seconds"
        #expect(child.errors.contains("] \(times)\n"), "\(child.transcript)")
        child.send(signal: SIGTERM)
        #expect(try await child.end() == .exited(0))
    }

    @Test("125 (D24): clients that misbehave leave no address in the log, and no error")
    func misbehaviour() async throws {
        let child = try await relay("--port=\(Self.anyPort)", "--websocket=\(Self.anyPort)")
        let bad = try WebSocketTestSocket.connect(port: port(of: child))
        try await bad.send("bad\n")
        #expect(try await bad.receiveToEnd().bytes == Array("bad handshake\n".utf8))
        let pair = try await RelayPair(port: port(of: child))
        await pair.left.reset()
        #expect(try await pair.right.receiveToEnd().bytes.isEmpty)
        let text = try await WebSocketTestClient.connect(port: port(of: child, 1))
        try await text.send(text: "bad")
        #expect(try await text.next().closeCode == 1003)
        child.send(signal: SIGTERM)
        #expect(try await child.end(within: .seconds(20)) == .exited(0))
        // Behind the start-up lines there is nothing but the end.
        let log = child.errors.split(separator: "\n").drop { !$0.hasSuffix("[server] ready") }.dropFirst()
        #expect(log.map { $0.drop { $0 != "[" } } == ["[server] SIGTERM: stopping", "[server] stopped"])
        #expect(!child.errors.contains("127.0.0.1") && !child.errors.contains("::"))
    }
}
