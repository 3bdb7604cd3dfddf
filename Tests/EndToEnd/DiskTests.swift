import Foundation
import Glibc
import TestSupport
import Testing

/// What clients and operators notice of a disk that does not take what is to be stored.
@Suite("Disks that refuse", .timeLimit(.minutes(5)))
struct DiskTests {
    private static let refusal = "server storage failure"

    /// A server whose state folder is a disk of its own, and whose clients come over a Unix socket from outside.
    private struct Setting {
        let sandbox: Sandbox
        let state: TemporaryFolder
        let sockets: TemporaryFolder
        let server: RunningServer

        /// - Parameter type: A file system in memory: `ramfs` knows no size, and no way past the page cache.
        init(type: String = "tmpfs", megabytes: Int) async throws {
            sandbox = try await Sandbox()
            state = try TemporaryFolder()
            sockets = try TemporaryFolder()
            try await Self.run(in: sandbox, "mount", "-t", type, "-o", "size=\(megabytes)m", type, state.path)
            server = try await RunningServer(
                "--mailbox=unix:\(sockets.path)/m",
                "--transit=none",
                "--transit-websocket=none",
                "--usage-db=none",
                "--max-mailbox-bytes=0",
                "--max-mailbox-messages=0",
                in: sandbox,
                folder: state
            )
        }

        static func run(in sandbox: Sandbox, _ program: String, _ arguments: String...) async throws {
            let child = try sandbox.start(program, arguments)
            let ending = try await child.end()
            try #require(ending == .exited(0), "\(child.transcript)")
        }

        func client(_ side: String) async throws -> MailboxClient {
            try await MailboxClient(over: .connect(path: sockets.path + "/m"), app: "disk", side: side)
        }

        func resize(megabytes: Int) async throws {
            try await Self.run(in: sandbox, "mount", "-o", "remount,size=\(megabytes)m", state.path)
        }
    }

    /// Adds messages until one is refused.
    ///
    /// - Returns: The bodies that came back, which is a promise.
    private func fill(_ client: MailboxClient, bytes: Int) async throws -> [String] {
        var promised: [String] = []
        while promised.count < 10_000 {
            let body = String(repeating: "ab", count: bytes / 2) + String(promised.count)
            try await client.send(["type": "add", "phase": "p", "body": .string(body)])
            while true {
                let message = try JSON(try await client.connection.nextText())
                if message["body"]?.string == body {
                    promised.append(body)
                    break
                }
                if let error = message["error"]?.string {
                    #expect(error == Self.refusal)
                    #expect(message.keys.contains("orig"))
                    return promised
                }
            }
        }
        throw ConditionNotMet(condition: "the disk refuses", deadline: .zero)
    }

    /// What is stored in the mailbox of ``fill(_:bytes:)``, as a new connection hears it.
    private func replay(_ client: MailboxClient, count: Int) async throws -> [String] {
        try await client.send(["type": "open", "mailbox": "m"])
        var bodies: [String] = []
        while bodies.count < count { bodies.append(try await client.next("message")["body"]?.string ?? "") }
        return bodies
    }

    private func expectFailureShown(by server: RunningServer, kind: String) async throws {
        let ready = try await server.status(of: "/readyz?verbose")
        #expect(ready.code == 503 && ready.body.contains("channel_db"), "\(ready)")
        #expect(try await server.metric(#"wormhole_component_ready{component="channel_db"}"#) == 0)
        try await eventually(
            "the error is counted",
            isTrue: {
                try await server.metric("wormhole_db_errors_total{db=\"channel\",kind=\"\(kind)\"}") >= 1
            }
        )
    }

    private func expectRecovery(of server: RunningServer) async throws {
        try await eventually("it is ready again") { try await server.status(of: "/readyz").code == 200 }
        #expect(try await server.metric(#"wormhole_component_ready{component="channel_db"}"#) == 1)
    }

    @Test("D25: a full disk is told to clients and operators, nothing promised is lost, and service resumes by itself")
    func full() async throws {
        let setting = try await Setting(megabytes: 3)
        let (writer, reader) = (try await setting.client("writer"), try await setting.client("reader"))
        try await reader.send(["type": "claim", "nameplate": "4"])
        _ = try await reader.next("claimed")
        try await writer.send(["type": "open", "mailbox": "m"])
        let promised = try await fill(writer, bytes: 40_000)
        #expect(promised.count > 5)
        // What promises nothing goes on.
        try await reader.send(["type": "list"])
        #expect(try await reader.next("nameplates")["nameplates"]?.array?.contains(["id": "4"]) == true)
        try await expectFailureShown(by: setting.server, kind: "full")

        try await setting.resize(megabytes: 64)
        try await expectRecovery(of: setting.server)
        let again = try await setting.client("writer")
        #expect(try await replay(again, count: promised.count) == promised)
        try await again.add("p", "after all")
        #expect(try await setting.server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await setting.server.restart()
        #expect(
            try await replay(try await setting.client("writer"), count: promised.count + 1) == promised + ["after all"]
        )
        #expect(try await setting.server.end(with: SIGTERM) == .exited(0))
    }

    @Test("D25: a disk that fails to write is told, nothing promised is lost, and service resumes by itself")
    func failing() async throws {
        let setting = try await Setting(megabytes: 64)
        let writer = try await setting.client("writer")
        try await writer.send(["type": "open", "mailbox": "m"])
        try await writer.add("p", "before")
        let process = String(await setting.server.child.processID)
        _ = try await run("prlimit", "--pid", process, "--fsize=100000:")
        let promised = try await fill(writer, bytes: 20_000)
        try await expectFailureShown(by: setting.server, kind: "io")
        // Now it takes nothing at all; and that is tried although nobody wants to write.
        _ = try await run("prlimit", "--pid", process, "--fsize=1000:")
        let other = try await setting.client("other")
        try await other.send(["type": "open", "mailbox": "n"])
        #expect(try await other.next("error")["error"]?.string == Self.refusal)
        let failures = { try await setting.server.metric(#"wormhole_db_errors_total{db="channel",kind="io"}"#) }
        let before = try await failures()
        try await eventually("it was tried again", isTrue: { try await failures() >= before + 2 })
        #expect(try await setting.server.status(of: "/readyz").code == 503)
        _ = try await run("prlimit", "--pid", process, "--fsize=unlimited:")
        try await expectRecovery(of: setting.server)
        let expected = ["before"] + promised
        #expect(try await replay(try await setting.client("writer"), count: expected.count) == expected)
        #expect(try await setting.server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await setting.server.restart()
        #expect(try await replay(try await setting.client("writer"), count: expected.count) == expected)
        #expect(try await setting.server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a file system that is written through the page cache alone serves all the same")
    func withoutDirectWriting() async throws {
        let setting = try await Setting(type: "ramfs", megabytes: 64)
        let writer = try await setting.client("writer")
        try await writer.send(["type": "open", "mailbox": "m"])
        var expected: [String] = []
        for number in 0..<20 {
            expected.append("body \(number)")
            try await writer.add("p", expected[number])
        }
        #expect(try await setting.server.end(with: SIGKILL) == .killed(by: SIGKILL))
        try await setting.server.restart()
        #expect(try await replay(try await setting.client("writer"), count: expected.count) == expected)
        #expect(try await setting.server.end(with: SIGTERM) == .exited(0))
    }

    @Test("a read-only disk is told at the start, in one line", arguments: ["start", "mailbox"])
    func readOnly(command: String) async throws {
        let sandbox = try await Sandbox()
        let folder = try TemporaryFolder()
        let database = folder.path + "/relay.sqlite"
        let anyPort = RunningServer.anyPort
        let arguments =
            command == "start"
            ? [
                "start", "--state-dir=\(folder.path)", "--mailbox=\(anyPort)", "--transit=none",
                "--transit-websocket=none",
            ]
            : ["mailbox", "--port=\(anyPort)", "--channel-db=\(database)"]
        let before = try sandbox.start(Repository.server(), arguments + ["--admin=none"])
        try await before.errors("it is ready") { $0.contains("[server] ready") }
        before.send(signal: SIGTERM)
        #expect(try await before.end() == .exited(0))
        try await Setting.run(in: sandbox, "mount", "--bind", folder.path, folder.path)
        try await Setting.run(in: sandbox, "mount", "-o", "remount,bind,ro", folder.path)
        let child = try sandbox.start(Repository.server(), arguments + ["--admin=none"])
        #expect(try await child.end(within: .seconds(20)) == .exited(1))
        #expect(child.errors.filter { $0 == "\n" }.count == 1, "\(child.transcript)")
        #expect(child.errors.hasPrefix("Error: ") && child.errors.contains(folder.path), "\(child.transcript)")
    }

    @Test("91: a damaged database is refused by name, with the way out, and left as it is")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/relay.sqlite"
        let make = """
            CREATE TABLE version (version INTEGER); INSERT INTO version VALUES (1);
            CREATE TABLE filler (a); INSERT INTO filler VALUES (zeroblob(20000));
            CREATE TABLE mailboxes (app_id, id PRIMARY KEY, updated, for_nameplate);
            INSERT INTO mailboxes VALUES ('a', hex(randomblob(3000)), 1, 0);
            """
        _ = try await run("sqlite3", path, make)
        var bytes = try Data(contentsOf: URL(filePath: path))
        for index in stride(from: 4096, to: bytes.count, by: 7) { bytes[index] = 0xA5 }
        try bytes.write(to: URL(filePath: path))
        let child = try ChildProcess(
            Repository.server(),
            ["mailbox", "--port=\(RunningServer.anyPort)", "--channel-db=\(path)"]
        )
        #expect(try await child.end(within: .seconds(20)) == .exited(1))
        #expect(child.errors.filter { $0 == "\n" }.count == 1, "\(child.transcript)")
        #expect(child.errors.contains(path) && child.errors.contains("recover"), "\(child.transcript)")
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
    }
}
