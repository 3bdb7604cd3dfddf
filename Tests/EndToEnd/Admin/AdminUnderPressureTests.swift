import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The admin endpoint when nothing else works", .timeLimit(.minutes(5)))
struct AdminUnderPressureTests {
    @Test("it answers while clients have taken every descriptor they can, and databases are still written")
    func descriptors() async throws {
        let server = try await RunningServer("--handshake-timeout=600", shell: "ulimit -n 128")
        let ports = await server.ports
        var sockets: [WebSocketTestSocket] = []
        for number in 0..<300 {
            let port = [ports.transit, ports.mailbox, ports.transitWebSocket][number % 3]
            sockets.append(try WebSocketTestSocket.connect(port: port))
        }
        let reserved = #"wormhole_connections_rejected_total{component="transit",reason="fd_reserve"}"#
        try await eventually("the reserve is reached") { try await server.metric(reserved) > 0 }
        for path in ["/healthz", "/metrics", "/status", "/debug/connections"] { _ = try await server.get(path) }
        #expect(try await server.change("PUT", "/motd", ["text": "full"]).status == 204)
        #expect(try await server.change("POST", "/backup").status == 200)
        #expect(try await server.metric(#"wormhole_accept_errors_total{error="emfile"}"#) == 0)
        for socket in sockets { await socket.close() }
        try await eventually("clients are served again") {
            do {
                _ = try await RelayPair(port: ports.transit)
                return true
            } catch { return false }
        }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("it answers while an event loop is stuck, and says which", arguments: ["mailbox", "relay-front"])
    func stuckLoop(loop: String) async throws {
        let server = try await RunningServer()
        let process = await server.child.processID
        let thread = try await thread(of: process, loop)
        let tracer = try ChildProcess("python3", ["-c", Self.tracer, String(thread)])
        try await eventually("the thread stands still") { tracer.output.contains("stopped") }
        let url = "http://127.0.0.1:\(await server.ports.admin)/healthz"
        try await eventually("it is named") {
            let curl = try ChildProcess("curl", ["--silent", "--max-time", "5", url])
            _ = try await curl.end()
            return curl.output == "stuck: \(loop)\n"
        }
        #expect(try await server.get("/metrics").contains("\nwormhole_event_loop_heartbeat_timestamp_seconds "))
        let answer = try await server.change("POST", "/debug/kick?id=\(loop == "mailbox" ? "m-1" : "f-100000000")")
        #expect(answer.status == 503)
        #expect(answer.text.contains("stuck: \(loop)"), "\(answer.text)")
        try await server.child.errors("the log says so") { $0.contains("error: event loop \(loop) is stuck") }
        tracer.send(signal: SIGTERM)
        _ = try await tracer.end()
        try await eventually("it turns again") { try await server.get("/healthz") == "ok\n" }
        try await server.child.errors("the log says so") { $0.contains("event loop \(loop) turns again") }
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// The thread of a process with this name.
    private func thread(of process: pid_t, _ name: String) async throws -> Int {
        try await eventually("there is a thread \(name)") {
            let folder = "/proc/\(process)/task"
            return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap(Int.init).sorted().first {
                task in
                // A thread may end between the two looks.
                let comm = try? String(contentsOfFile: "\(folder)/\(task)/comm", encoding: .utf8)
                return comm?.hasPrefix(name) == true
            }
        }
    }

    /// Stops one thread until it ends itself. Source: ptrace(2), PTRACE_SEIZE and PTRACE_INTERRUPT.
    private static let tracer = """
        import ctypes, os, signal, sys
        ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        thread = int(sys.argv[1])
        for request in (0x4206, 0x4207):
            if ptrace(request, thread, None, None) != 0:
                sys.exit(os.strerror(ctypes.get_errno()))
        os.waitpid(thread, 0x40000000)
        print("stopped", flush=True)
        signal.pause()
        """
}
