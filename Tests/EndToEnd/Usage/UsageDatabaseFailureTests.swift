import Foundation
import Glibc
import TestSupport
import Testing

/// What becomes of clients, and of records, when the usage database cannot be written.
@Suite("A usage database in trouble", .serialized, .timeLimit(.minutes(10)))
struct UsageDatabaseFailureTests {
    /// A client that waits longer than this was held up. The lock's own waits are 5 s.
    private let longest = Duration.seconds(2)

    /// A mailbox exchange and a relayed pair, both from first to last; each step answered in time.
    private func visit(_ ports: RunningServer.Ports, number: Int) async throws {
        let clock = ContinuousClock()
        let time = try await clock.measure {
            let (left, right) = (
                try await MailboxClient(port: ports.mailbox, app: "app", side: "left\(number)"),
                try await MailboxClient(port: ports.mailbox, app: "app", side: "right\(number)")
            )
            _ = try await left.meet(at: "\(number)")
            _ = try await right.meet(at: "\(number)")
            try await left.add("0", "00")
            try await right.expect("0", "00")
            try await left.leave()
            try await right.leave()
            let pair = try await RelayPair(port: ports.transit)
            try await pair.expectPassage(of: "hello")
            await pair.left.close()
            _ = try await pair.right.receiveToEnd()
        }
        #expect(time < longest, "a mailbox exchange and a pair took \(time)")
    }

    /// - Returns: `nil` while the database cannot be read.
    private func rows(_ server: RunningServer) async throws -> String? {
        try await attempt(
            "sqlite3",
            "-readonly",
            "-cmd",
            ".timeout 5000",
            server.folder.path + "/usage.sqlite",
            "SELECT (SELECT count(*) FROM nameplates), (SELECT count(*) FROM usage), (SELECT count(*) FROM client_versions)"
        )
    }

    private func expectRows(_ count: Int, in server: RunningServer) async throws {
        try await eventually("\(count) visits are recorded", within: .seconds(40)) {
            try await rows(server) == "\(count)|\(count)|\(2 * count)"
        }
    }

    /// What a program writes, or `nil` when it fails.
    private func attempt(_ program: String, _ arguments: String...) async throws -> String? {
        let child = try ChildProcess(program, arguments)
        return try await child.end() == .exited(0) ? child.output.trimmingCharacters(in: .newlines) : nil
    }

    private func isReady(_ server: RunningServer) async throws -> Bool {
        try await server.metric(#"wormhole_component_ready{component="usage_db"}"#) == 1
    }

    @Test("103, 112: while another program holds it, clients are served at once, and records appear afterwards")
    func locked() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let ports = await server.ports
        try await visit(ports, number: 1)
        try await expectRows(1, in: server)
        let path = server.folder.path + "/usage.sqlite"
        let updated = try #require(
            Double(try await server.query("usage.sqlite", "SELECT updated FROM current").first ?? "")
        )
        let lock = try ChildProcess(
            "bash",
            ["-c", "{ echo 'BEGIN EXCLUSIVE;'; echo 'SELECT 1;'; sleep 12; echo 'COMMIT;'; } | sqlite3 '\(path)'"]
        )
        try await eventually("it is locked") { lock.output.contains("1") }
        for number in 2...6 { try await visit(ports, number: number) }
        try await eventually("the server knows") { try await !isReady(server) }
        #expect(try await server.get("/readyz").contains("ready"), "it stays ready for clients")
        #expect(try await server.metric(#"wormhole_db_errors_total{db="usage",kind="busy"}"#) >= 1)
        #expect(try await server.metric(#"wormhole_usage_queue_records{sink="db"}"#) >= 5)
        #expect(!lock.hasEnded, "all this went on under the lock")
        #expect(try await lock.end() == .exited(0))
        try await expectRows(6, in: server)
        let later = try #require(
            Double(try await server.query("usage.sqlite", "SELECT updated FROM current").first ?? "")
        )
        #expect(later > updated)
        #expect(try await isReady(server))
        #expect(
            try await server.metric(#"wormhole_usage_records_total{sink="db",kind="transit",result="dropped"}"#) == 0
        )
    }

    @Test("a full disk costs no client anything; writing resumes by itself when there is room")
    func full() async throws {
        // A file system of its own that only the server and what is started beside it can see.
        let folder = try TemporaryFolder()
        let disk = folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
        let mount = "mount -t tmpfs -o size=1m tmpfs \(disk) && exec \"$@\""
        let server = try await RunningServer(
            "--blur-usage=0",
            "--usage-db=\(disk)/usage.sqlite",
            shell: "exec unshare --map-root-user --mount bash -c '\(mount)' bash \"$@\"",
            folder: folder
        )
        let ports = await server.ports
        try await visit(ports, number: 1)
        try await eventually("the first is recorded") { try await diskRows(server) == "1" }
        let filler = disk + "/filler"
        // It ends with an error, because the disk is full.
        _ = try await beside(server, "dd if=/dev/zero of=\(filler) bs=4096 status=none")
        try await eventually("the disk is full") {
            let free = try await beside(server, "df --output=avail -k \(disk) | tail -n 1")
            return free?.trimmingCharacters(in: .whitespaces) == "0"
        }
        for number in 2...4 { try await visit(ports, number: number) }
        try await eventually("the server knows", within: .seconds(30)) { try await !isReady(server) }
        let full = try await server.metric(#"wormhole_db_errors_total{db="usage",kind="full"}"#)
        let io = try await server.metric(#"wormhole_db_errors_total{db="usage",kind="io"}"#)
        #expect(full + io >= 1)
        try await visit(ports, number: 5)
        _ = try await beside(server, "rm \(filler)")
        try await eventually("all are recorded", within: .seconds(40)) { try await diskRows(server) == "5" }
        #expect(try await isReady(server))
    }

    private func diskRows(_ server: RunningServer) async throws -> String? {
        let path = server.folder.path + "/disk/usage.sqlite"
        return try await beside(server, "sqlite3 -cmd '.timeout 5000' \(path) 'SELECT count(*) FROM usage'")
    }

    /// Runs a command where the same file systems are seen as by the server.
    private func beside(_ server: RunningServer, _ command: String) async throws -> String? {
        let target = String(await server.child.processID)
        return try await attempt(
            "nsenter",
            "--preserve-credentials",
            "--user",
            "--mount",
            "--target",
            target,
            "--",
            "sh",
            "-c",
            command
        )
    }

    @Test("deleted or replaced by garbage while the server runs: clients go on, and so do the records")
    func deletedAndReplaced() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let ports = await server.ports
        let path = server.folder.path + "/usage.sqlite"
        try await visit(ports, number: 1)
        try await expectRows(1, in: server)
        try FileManager.default.removeItem(atPath: path)
        try await visit(ports, number: 2)
        try await expectRows(1, in: server)

        let garbage = Data((0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        try garbage.write(to: URL(filePath: path + ".new"))
        #expect(rename(path + ".new", path) == 0)
        for number in 3...4 { try await visit(ports, number: number) }
        try await eventually("the server knows") { try await !isReady(server) }
        try await visit(ports, number: 5)
        #expect(try Data(contentsOf: URL(filePath: path)) == garbage, "what is not ours is left alone")
        try FileManager.default.removeItem(atPath: path)
        try await expectRows(3, in: server)
        #expect(try await isReady(server))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("overwritten in place: clients go on, and records wait until the file is taken away")
    func overwritten() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let ports = await server.ports
        let path = server.folder.path + "/usage.sqlite"
        try await visit(ports, number: 1)
        try await expectRows(1, in: server)
        _ = try await run("dd", "if=/dev/urandom", "of=\(path)", "bs=4096", "count=4", "conv=notrunc", "status=none")
        for number in 2...3 { try await visit(ports, number: number) }
        try await eventually("the server knows") { try await !isReady(server) }
        #expect(try await server.metric(#"wormhole_db_errors_total{db="usage",kind="corrupt"}"#) >= 1)
        try FileManager.default.removeItem(atPath: path)
        try await expectRows(2, in: server)
    }

    @Test("113: 500 waiting connections that leave at once are all recorded, and a new pair does not wait for that")
    func manyAtOnce() async throws {
        let server = try await RunningServer("--max-relay-connections-per-source=0", "--max-relay-waiting-per-source=0")
        let port = await server.ports.transit
        var sockets: [WebSocketTestSocket] = []
        for _ in 0..<500 {
            let socket = try WebSocketTestSocket.connect(port: port)
            try await socket.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
            sockets.append(socket)
        }
        try await eventually("all wait") { try await server.metric("wormhole_transit_waiting") == 500 }
        for socket in sockets { await socket.close() }
        let time = try await ContinuousClock().measure { _ = try await RelayPair(port: port) }
        #expect(time < .milliseconds(500))
        try await eventually("all are recorded") {
            try await server.query("usage.sqlite", "SELECT count(*) FROM usage WHERE result = 'lonely'") == ["500"]
        }
    }
}
