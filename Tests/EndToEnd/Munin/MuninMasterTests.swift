import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Munin: from munin-node to the picture, with Debian's master")
struct MuninMasterTests {
    /// Munin asks every five minutes. Its clock is put forward, so that this takes seconds; the server's is not.
    private static let period = 300

    @Test("the master's rates are the traffic there was, its limits see a stale state, and it draws")
    func master() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let usage = server.folder.path + "/usage.sqlite"
        let machine = try await MuninMachine(section: ["user munin", "env.usagedb \(usage)"])
        for group in ["transit", "mailbox", "server"] { try machine.link("wormhole_", as: "wormhole_" + group) }
        try machine.link("wormhole_transit_bytes")
        let node = try await MuninNode(on: machine)

        let start = Int(Date().timeIntervalSince1970) / Self.period * Self.period + 1
        for round in 0..<4 {
            try await machine.run(master: "munin-update", "--nofork", at: start + round * Self.period)
            guard round < 3 else { break }
            try await Traffic(mailbox: server.ports.mailbox, transit: server.ports.transit).run()
            try await eventually("the traffic is recorded") {
                let happy = "SELECT value FROM counters WHERE name = 'transit_happy'"
                return try await server.query("usage.sqlite", happy) == ["\(2 * (round + 1))"]
            }
        }
        let rates = [
            ("wormhole_transit-happy-d", 2.0), ("wormhole_mailbox-happy-d", 2), ("wormhole_transit-errory-d", 0),
            ("wormhole_transit-bytes-relayed-d", Double(2 * Traffic.bytesOfEachPair)),
        ]
        for (name, perPeriod) in rates {
            let rate = try await latestRate(of: name, in: machine)
            let expected = perPeriod / Double(Self.period)
            #expect(abs(rate - expected) <= 0.001 * expected, "\(name): \(rate) instead of \(expected)")
        }

        // Without the server its state grows old: the master's limits turn to warning and critical.
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        for (age, status) in [(0, "ok"), (400, "warning"), (1000, "critical")] {
            _ = try await run("sqlite3", usage, "UPDATE current SET updated = unixepoch() - \(age)")
            try await machine.run(master: "munin-update", "--nofork", at: start + (4 + age / 100) * Self.period)
            try await machine.run(master: "munin-limits", "--force", at: start + (4 + age / 100) * Self.period + 1)
            let limits = (try? String(contentsOfFile: machine.data + "/limits", encoding: .utf8)) ?? ""
            let line = limits.split(separator: "\n").first { $0.contains(";wormhole_server;age;state") }
            #expect((line?.split(separator: " ").last).map(String.init) ?? "ok" == status, "\(limits)")
        }

        try await expectPictures(in: machine, at: start + 4 * Self.period)
        try await node.stop()
    }

    private func expectPictures(in machine: MuninMachine, at time: Int) async throws {
        let names = [
            "wormhole_transit", "wormhole_transit/bytes", "wormhole_transit/open", "wormhole_transit/wait",
            "wormhole_mailbox", "wormhole_mailbox/clients", "wormhole_mailbox/nameplates", "wormhole_server",
            "wormhole_server/uptime", "wormhole_server/database", "wormhole_transit_bytes",
        ]
        // munin-html would write this list, from what the master knows.
        let list = names.map { "/example/\(MuninMachine.hostName)/\($0)-day.png\n" }.joined()
        let path = machine.folder.path + "/graphs"
        try Data(list.utf8).write(to: URL(filePath: path))
        _ = try await machine.perform(as: .root, ["install", "--mode=644", path, machine.data + "/graphs"])
        try await machine.run(master: "munin-graph", "--cron", "--day", at: time)
        let log =
            (try? String(contentsOfFile: machine.folder.path + "/var/log/munin/munin-graph.log", encoding: .utf8)) ?? ""
        #expect(!log.contains("ERROR") && !log.contains("Could not draw"), "\(log)")
        for name in names {
            let picture = "\(machine.folder.path)/var/cache/munin/www/example/\(MuninMachine.hostName)/\(name)-day.png"
            let data = try Data(contentsOf: URL(filePath: picture))
            #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47]) && data.count > 4000, "\(name): \(data.count) bytes")
        }
    }

    /// The newest rate the master has stored, a second.
    private func latestRate(of name: String, in machine: MuninMachine) async throws -> Double {
        let file = "\(machine.data)/example/\(MuninMachine.hostName)-\(name).rrd"
        let start = Int(Date().timeIntervalSince1970) - 2 * Self.period
        let rows = try await run(
            "rrdtool",
            "fetch",
            file,
            "AVERAGE",
            "--start",
            "\(start)",
            "--end",
            "\(start + 8 * Self.period)"
        )
        let values = rows.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
        return try #require(values.last { $0.isFinite }, "\(name): \(rows)")
    }
}

/// Debian's munin-node in the foreground, on a free port of the loopback interface, with a master configured to ask it.
private final class MuninNode: Sendable {
    private let machine: MuninMachine
    private let child: ChildProcess

    init(on machine: MuninMachine) async throws {
        self.machine = machine
        let root = machine.folder.path
        let port = try Self.freePort()
        let node = """
            host_name \(MuninMachine.hostName)
            log_level 4
            log_file \(root)/var/log/munin/munin-node.log
            pid_file \(root)/node.pid
            background 0
            setsid 0
            user root
            group root
            host 127.0.0.1
            port \(port)
            allow ^127\\.0\\.0\\.1$

            """
        let master = """
            dbdir \(machine.data)
            htmldir \(root)/var/cache/munin/www
            logdir \(root)/var/log/munin
            rundir \(root)/var/run/munin
            graph_strategy cron
            [example;\(MuninMachine.hostName)]
                address 127.0.0.1
                port \(port)
                use_node_name yes

            """
        try Data(node.utf8).write(to: URL(filePath: root + "/etc/munin/munin-node.conf"))
        try Data(master.utf8).write(to: URL(filePath: root + "/etc/munin/munin.conf"))
        child = try machine.start(as: .root, machine.perl("munin-node", []))
        let child = self.child
        try await eventually("munin-node listens") {
            try #require(!child.hasEnded, "\(child.transcript)")
            return (try? WebSocketTestSocket.connect(port: port)) != nil
                && FileManager.default.fileExists(atPath: root + "/node.pid")
        }
    }

    func stop() async throws {
        let number = try String(contentsOfFile: machine.folder.path + "/node.pid", encoding: .utf8)
            .split(whereSeparator: \.isWhitespace).first
        _ = try await machine.perform(as: .root, ["kill", String(try #require(number))])
        _ = try await child.end()
    }

    /// A port nobody listens on at this moment.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        try #require(code == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
