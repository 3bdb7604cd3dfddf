import Foundation
import Glibc
import TestSupport
import Testing

/// Lines of JSON on a descriptor, as operators use them.
@Suite("Lines of JSON", .serialized, .timeLimit(.minutes(5)))
struct RecordStreamTests {
    private func exchange(_ server: RunningServer, mood: String = "happy") async throws {
        let port = await server.ports.mailbox
        let (left, right) = (
            try await MailboxClient(port: port, app: "app", side: "left"),
            try await MailboxClient(port: port, app: "app", side: "right")
        )
        _ = try await left.meet(at: "1")
        _ = try await right.meet(at: "1")
        try await left.leave(mood)
        try await right.leave()
    }

    private func pair(_ server: RunningServer, bytes: Int = 1999) async throws {
        let pair = try await RelayPair(port: await server.ports.transit)
        try await pair.left.send([UInt8](repeating: 1, count: bytes))
        _ = try await pair.right.receive(exactly: bytes)
        await pair.left.close()
        _ = try await pair.right.receiveToEnd()
    }

    @Test("jq reads every kind from a pipe, line by line while the server runs")
    func jq() async throws {
        let server = try await RunningServer(
            "--log-fd=3",
            shell:
                "exec 3> >(exec jq --compact-output --unbuffered '[.kind, (.started // .connect_time), .total_bytes]')"
        )
        try await exchange(server)
        try await pair(server)
        let child = await server.child
        try await eventually("jq has seen all five") { child.output.split(separator: "\n").count == 5 }
        let lines = try child.output.split(separator: "\n").map { try #require(JSON($0).array) }
        #expect(
            lines.compactMap { $0.first?.string }.sorted()
                == ["client_version", "client_version", "mailbox", "nameplate", "transit"]
        )
        #expect(lines.allSatisfy { ($0[1].number ?? 1).truncatingRemainder(dividingBy: 3600) == 0 })
        #expect(lines.contains { $0[2] == .number(1000) })
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("logger takes whole lines to the log, as they come or by way of jq", arguments: ["logger", "jq | logger"])
    func logger(program: String) async throws {
        // Where the system's log would listen.
        let folder = try TemporaryFolder()
        let script = """
            import socket, sys
            log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            log.bind(sys.argv[1])
            print("ready", flush=True)
            while True: print(log.recv(65536).decode(), flush=True)
            """
        let system = try ChildProcess("python3", ["-c", script, folder.path + "/log"])
        try await eventually("it listens") { system.output.hasPrefix("ready") }
        let reader = "logger --socket \(folder.path)/log --tag wormhole --size 8KiB"
        let command = program == "logger" ? "exec \(reader)" : "jq --compact-output --unbuffered . | \(reader)"
        let server = try await RunningServer("--log-fd=3", shell: "exec 3> >(\(command))")
        try await exchange(server, mood: "scary")
        try await pair(server)
        let message = /wormhole: (\{.*\})/
        try await eventually("the log has all five") { system.output.matches(of: message).count == 5 }
        let records = try system.output.matches(of: message).map { try JSON($0.1) }
        #expect(records.compactMap { $0["kind"]?.string }.count == 5)
        #expect(records.contains { $0["result"]?.string == "scary" && $0["kind"]?.string == "mailbox" })
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the relay alone writes its own kind, unless told otherwise")
    func kinds() async throws {
        let folder = try TemporaryFolder()
        for (options, count) in [([], 1), (["--log-kinds=nameplate"], 0)] {
            let child = try ChildProcess(
                Repository.server(),
                ["transit", "--port=\(RunningServer.anyPort)", "--log-fd=3"] + options,
                ChildProcess.Setup(extraOutput: folder.path + "/lines\(count)")
            )
            try await child.errors("it is ready") { $0.contains("[server] ready") }
            let port = try #require(child.errors.firstMatch(of: /starting on (\d+)/).flatMap { Int($0.1) })
            let pair = try await RelayPair(port: port)
            await pair.left.close()
            _ = try await pair.right.receiveToEnd()
            child.send(signal: SIGTERM)
            #expect(try await child.end() == .exited(0))
            let lines = try String(contentsOfFile: folder.path + "/lines\(count)", encoding: .utf8).split(
                separator: "\n"
            )
            #expect(lines.count == count)
        }
    }

    @Test(
        "114: a reader that stops, or goes, costs records, which are counted and told of, and no client anything",
        arguments: [
            "exec sleep 60", "exec true",
        ]
    )
    func badReader(command: String) async throws {
        let server = try await RunningServer(
            "--log-fd=3",
            "--usage-db=none",
            "--max-relay-connection-rate=0",
            shell: "exec 3> >(\(command))"
        )
        let port = await server.ports.transit
        // A queue holds 16384 records, and a pipe some hundred.
        let total = 20_000
        let clock = ContinuousClock()
        var slowest = Duration.zero
        for round in 0..<total / 100 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        let socket = try WebSocketTestSocket.connect(port: port)
                        try await socket.send("no handshake\n")
                        #expect(try await socket.receive(exactly: 14) == Array("bad handshake\n".utf8))
                        await socket.close()
                    }
                }
                try await group.waitForAll()
            }
            if round.isMultiple(of: 20) {
                slowest = max(slowest, try await clock.measure { try await pair(server, bytes: 10) })
            }
        }
        #expect(slowest < .seconds(2), "a pair took \(slowest)")
        try await eventually("records were dropped, and counted") {
            try await server.metric(#"wormhole_log_dropped_total{stream="usage"}"#) > 1000
        }
        let child = await server.child
        #expect(child.errors.contains("the usage log cannot be written"))
        #expect(child.errors.matches(of: /the usage log cannot be written/).count == 1, "told once")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a descriptor that is not open for writing is an error at start", arguments: ["97", "0"])
    func badDescriptor(number: String) async throws {
        let child = try ChildProcess(
            Repository.server(),
            ["transit", "--port=\(RunningServer.anyPort)", "--log-fd=\(number)"]
        )
        #expect(try await child.end() == .exited(1))
        #expect(child.errors.split(separator: "\n").last?.hasPrefix("Error: descriptor \(number) ") == true)
        #expect(!child.errors.contains("starting on"))
    }
}
