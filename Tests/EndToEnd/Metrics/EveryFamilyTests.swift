import Foundation
import Glibc
import TestSupport
import Testing

/// A real server that is made to go through everything it can tell of.
@Suite("Every metric", .timeLimit(.minutes(5)))
struct EveryFamilyTests {
    /// What no client, no signal and no file can bring about, and the reason. The unit tests of telemetry move all of them.
    private static let unreachable: [String: String] = [
        "wormhole_internal_errors_total": "our own mistakes: none is known",
        "wormhole_invariant_violations_total": "the same",
        "wormhole_observations_dropped_total": "telemetry would have to be behind by thousands of events",
        "wormhole_metrics_collect_errors_total": "/proc would have to be gone",
        "wormhole_log_dropped_total": "the reader of the log would have to be slower than all clients",
        "wormhole_db_errors_total": "a disk would have to fail, or be full",
        "wormhole_limit_table_evictions_total": "65,536 networks would have to come within seconds",
        "wormhole_transit_same_source_sessions_total": "the relay's clients are on this machine, which is no source",
    ]

    @Test("is moved by something that happens to a real server")
    func everyFamily() async throws {
        let list = try TemporaryFolder()
        try Data("203.0.113.0/24\n".utf8).write(to: URL(filePath: list.path + "/deny"))
        let server = try await RunningServer(
            "--deny-file=\(list.path)/deny",
            "--blur-usage=60",
            "--selftest-interval=0.5",
            "--offer-hashcash=1",
            "--max-mailbox-messages=9",
            "--expire-after=1",
            "--usage-retention=1",
            "--session-rate=2000000",
            "--drain-timeout=60",
            recordsLines: true
        )
        var families = Families()
        try await comeFromAfar(to: server, &families)
        try await talk(to: server, &families)
        try await relay(through: server, &families)
        try await refuse(at: server)
        #expect(try await server.change("POST", "/reload").status == 200)
        #expect(try await server.get("/debug/consistency") == "consistent\n")
        try await eventually("it has tested itself") {
            try await server.metric(#"wormhole_selftest_runs_total{probe="transit",result="success"}"#) > 0
        }
        families.note(try await server.get("/metrics"))
        try await drain(server, &families)

        // What nobody has touched for a second is removed when it starts again; the second is all there is to wait for.
        try await Task.sleep(for: .seconds(1))
        try await server.restart()
        try await eventually("expiry has removed something") {
            families.note(try await server.get("/metrics"))
            return families.moved.contains("wormhole_mailbox_pruned_total")
        }
        let still = families.known.subtracting(families.moved)
        #expect(still.subtracting(Self.unreachable.keys).sorted() == [], "nothing moves these")
        #expect(
            Set(Self.unreachable.keys).subtracting(still).sorted() == [],
            "these can be reached, and need no excuse"
        )
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    /// What has had a value other than zero.
    private struct Families {
        var known: Set<String> = []
        var moved: Set<String> = []

        mutating func note(_ text: String) {
            var family = ""
            for line in text.split(separator: "\n") {
                if line.hasPrefix("# TYPE ") {
                    family = String(line.split(separator: " ")[2])
                    known.insert(family)
                } else if !line.hasPrefix("#"), line.split(separator: " ").last != "0" {
                    moved.insert(family)
                }
            }
        }
    }

    /// One of whom a proxy on this host tells where it is.
    private func comeFromAfar(to server: RunningServer, _ families: inout Families) async throws {
        let headers = ["X-Real-IP: 192.0.2.1", "X-Real-Port: 5"]
        let port = await server.ports.mailbox
        let guest = try await WebSocketTestClient.connect(port: port, path: "/v1", headers: headers)
        try await eventually("its network is counted") {
            families.note(try await server.get("/metrics"))
            return families.moved.isSuperset(of: ["wormhole_sources_tracked", "wormhole_top_source_connections_ratio"])
        }
        _ = try await guest.close()
    }

    /// Two clients meet and part; one comes back, one does not listen, one talks nonsense.
    private func talk(to server: RunningServer, _ families: inout Families) async throws {
        let port = await server.ports.mailbox
        let first = try await MailboxClient(port: port, app: "app", side: "1")
        try await first.send(["type": "allocate"])
        let nameplate = try #require(try await first.next("allocated")["nameplate"]?.string)
        let mailbox = try await first.meet(at: nameplate)
        try await first.add("a", "00")
        let second = try await MailboxClient(port: port, app: "app", side: "2")
        _ = try await second.meet(at: nameplate)
        try await second.expect("a", "00")
        let again = try await MailboxClient(port: port, app: "app", side: "1")
        try await again.send(["type": "open", "mailbox": .string(mailbox)])
        try await again.expect("a", "00")
        try await second.add("b", "11")
        families.note(try await server.get("/metrics"))
        try await first.leave()
        try await second.leave()

        let nonsense = try await WebSocketTestClient.connect(port: port, path: "/v1")
        try await nonsense.send(text: "nonsense")

        // One who does not read while others talk, in a mailbox that is full in the end and left to expire.
        let speaker = try await MailboxClient(port: port, app: "app", side: "3")
        _ = try await speaker.meet(at: "77")
        let deaf = try await WebSocketTestClient.connect(port: port, path: "/v1", receiveBuffer: 4096)
        try await deaf.send(text: #"{"type":"bind","appid":"app","side":"4"}"#)
        try await deaf.send(text: #"{"type":"claim","nameplate":"77"}"#)
        let claimed = try await MailboxClient.claimed(by: deaf)
        try await deaf.send(text: #"{"type":"open","mailbox":"\#(claimed)"}"#)
        let body = String(repeating: "0", count: 900_000)
        for index in 0..<9 { try await speaker.add("\(index)", body) }
        try await speaker.send(["type": "add", "phase": "full", "body": "00"])
        try await eventually("bytes wait for who does not read") {
            families.note(try await server.get("/metrics"))
            return families.moved.isSuperset(of: ["wormhole_mailbox_send_queue_bytes", "wormhole_limit_hits_total"])
        }
    }

    /// Pairs that wait, talk, are slow, and are held to a rate.
    private func relay(through server: RunningServer, _ families: inout Families) async throws {
        let port = await server.ports.transit
        let waiting = try WebSocketTestSocket.connect(port: port)
        try await waiting.send(RelayHandshake.line(token: RelayHandshake.token(), side: "0000000000000001"))
        let pair = try await RelayPair(port: port)
        try await pair.expectPassage(of: "something")
        let bulk = [UInt8](repeating: 7, count: 12_000_000)
        async let sent: Void = pair.left.send(bulk)
        try await eventually("the relay holds what is not taken") {
            families.note(try await server.get("/metrics"))
            return families.moved.isSuperset(of: ["wormhole_transit_buffered_bytes", "wormhole_transit_waiting"])
        }
        #expect(try await pair.right.receive(exactly: bulk.count) == bulk)
        try await sent
        await pair.left.close()
        try await eventually("the pair is recorded") {
            try await server.metric(#"wormhole_transit_sessions_total{mood="happy"}"#) == 1
        }
        await waiting.close()
        try await eventually("a record waits for the next commit") {
            await (try WebSocketTestSocket.connect(port: port)).close()
            families.note(try await server.get("/metrics"))
            return families.moved.contains("wormhole_usage_queue_records")
        }
    }

    /// A request that is none, and a time in which there are no descriptors.
    private func refuse(at server: RunningServer) async throws {
        let ports = await server.ports
        let stranger = try WebSocketTestSocket.connect(port: ports.mailbox)
        try await stranger.send("this is no HTTP\r\n\r\n")
        _ = try await stranger.receiveToEnd()
        let process = await String(server.child.processID)
        let limit = Int(try await server.metric("process_max_fds"))
        try await eventually("one came when there were none, and was counted") {
            _ = try await run("prlimit", "--pid", process, "--nofile=8:")
            let unlucky = try WebSocketTestSocket.connect(port: ports.transit)
            try await unlucky.send("please")
            // Nor is there one for asking: the figure can be had only when there are some again.
            _ = try await run("prlimit", "--pid", process, "--nofile=\(limit):")
            await unlucky.close()
            return try await server.metric(#"wormhole_accept_errors_total{error="emfile"}"#) > 0
        }
    }

    /// A pair that lets the server wait for its end.
    private func drain(_ server: RunningServer, _ families: inout Families) async throws {
        let pair = try await RelayPair(port: await server.ports.transit)
        await server.child.send(signal: SIGTERM)
        try await eventually("it tells what is still to finish") {
            families.note(try await server.get("/metrics"))
            return families.moved.contains("wormhole_drain_remaining")
        }
        await pair.left.close()
        await pair.right.close()
        #expect(try await server.child.end() == .exited(0))
    }
}
