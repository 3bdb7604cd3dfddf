import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Munin: the plugins on Debian's munin-node, as the user munin")
struct MuninNodeTests {
    @Test("munin-run prints what the database of our server says, and what it cannot read is refused")
    func ours() async throws {
        let server = try await RunningServer("--blur-usage=0")
        let usage = server.folder.path + "/usage.sqlite"
        let machine = try await MuninMachine(section: ["user munin", "env.usagedb \(usage)"])
        for plugin in MuninPlugin.originals { try machine.link(plugin.name) }
        for group in ["transit", "mailbox", "server"] { try machine.link("wormhole_", as: "wormhole_" + group) }
        try await Traffic(mailbox: server.ports.mailbox, transit: server.ports.transit).run()
        try await eventually("the traffic is recorded") {
            let rows = try await server.query("usage.sqlite", "SELECT count(*) FROM usage WHERE result != 'empty'")
            return rows == ["3"]
        }

        for plugin in MuninPlugin.originals {
            let config = try await machine.run(plugin.name, "config")
            #expect(try await config.output == plugin.run("config").output)
            let values = try await machine.run(plugin.name)
            if plugin.name == "wormhole_active" {
                // Nobody has allowed Munin to read the channel database.
                #expect(values.status != 0 && values.output == "" && values.errors.contains("env.channeldb is not set"))
            } else {
                #expect(try await values.output == plugin.run(environment: ["usagedb": usage]).output, "\(plugin)")
                #expect(values.status == 0)
            }
        }
        try await expectCounters(of: server, in: machine)

        let events = try await machine.run("wormhole_transit_events")
        #expect(events.lines == ["happy.value 2", "errory.value 0", "lonely.value 1", "redundant.value 0"])
        chmod(usage, 0o600)
        let refused = try await machine.run("wormhole_transit_events")
        // Root may read it all the same, so that this shows who runs the plugin.
        #expect(refused.status != 0 && refused.output == "" && refused.errors.contains("Permission denied"))
        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let left = try FileManager.default.subpathsOfDirectory(atPath: machine.plugins)
        #expect(!left.contains { $0.contains("__pycache__") })
    }

    /// What the table says, by the names of graphs and fields.
    private func expectCounters(of server: RunningServer, in machine: MuninMachine) async throws {
        let rows = try await server.query("usage.sqlite", "SELECT name || '=' || value FROM counters")
        let counters = Dictionary(
            uniqueKeysWithValues: rows.map { ($0.split(separator: "=")[0], Int($0.split(separator: "=")[1])) }
        )
        #expect(counters["transit_happy"] == 2 && counters["transit_lonely"] == 1)
        #expect(counters["transit_bytes"] == 2 * Traffic.bytesOfEachPair)
        #expect(counters["mailboxes_happy"] == 2 && counters["nameplates_happy"] == 2)
        #expect(counters["clients_python"] == 2 && counters["clients_go-william"] == 2)
        for group in ["transit", "mailbox"] {
            let answer = try await machine.run("wormhole_" + group)
            #expect(answer.status == 0 && !answer.output.contains("value U"), "\(answer)")
            let graphs = try MultigraphAnswer(answer.output)
            let kinds = group == "transit" ? [("", "transit_")] : [("", "mailboxes_"), (".nameplates", "nameplates_")]
            for (graph, prefix) in kinds {
                let values = try #require(graphs["wormhole_" + group + graph])
                for (field, value) in values {
                    #expect(Int(value) == counters[Substring(prefix + field)], "\(prefix)\(field)")
                }
                #expect(
                    values.count
                        == counters.keys.count {
                            $0.hasPrefix(prefix) && !$0.hasSuffix("bytes") && !$0.contains("_wait_")
                        }
                )
            }
        }
        let transit = try MultigraphAnswer(try await machine.run("wormhole_transit").output)
        #expect(transit["wormhole_transit.bytes"]?["relayed"] == String(2 * Traffic.bytesOfEachPair))
        let mailbox = try MultigraphAnswer(try await machine.run("wormhole_mailbox").output)
        #expect(
            mailbox["wormhole_mailbox.clients"] == ["python": "2", "rust": "0", "go": "2", "other": "0", "none": "0"]
        )
        let waits = try #require(transit["wormhole_transit.wait"])
        #expect(waits.values.compactMap { Int($0) }.reduce(0, +) == 2)
    }

    @Test("on databases of the original servers, rates are unknown and the rest is there")
    func originals() async throws {
        let folder = try TemporaryFolder()
        let relay = try await OriginalServer(.relay, ["--usage-db=\(folder.path)/transit.sqlite"], folder: folder.path)
        let options = ["--usage-db=\(folder.path)/mailbox.sqlite", "--channel-db=\(folder.path)/relay.sqlite"]
        let mailbox = try await OriginalServer(.mailbox, options, folder: folder.path)
        try await Traffic(mailbox: mailbox.port, transit: relay.port).run()
        // The originals' files are for their own user only, until the administrator lets Munin read them.
        for name in ["transit", "mailbox", "relay"] { #expect(chmod("\(folder.path)/\(name).sqlite", 0o644) == 0) }
        let machine = try await MuninMachine(section: ["user munin", "env.usagedb \(folder.path)/transit.sqlite"])
        for group in ["transit", "mailbox", "server"] { try machine.link("wormhole_", as: "wormhole_" + group) }
        for plugin in MuninPlugin.originals { try machine.link(plugin.name) }
        try await eventually("the relay has committed its state") {
            try await machine.run("wormhole_transit_events").lines.first == "happy.value 2"
        }
        let transit = try await machine.run("wormhole_transit")
        #expect(transit.status == 0)
        let graphs = try MultigraphAnswer(transit.output)
        #expect(graphs["wormhole_transit"]?.values.allSatisfy { $0 == "U" } == true)
        #expect(graphs["wormhole_transit.open"]?.values.allSatisfy { Int($0) != nil } == true)

        try machine.configure([
            "user munin", "env.usagedb \(folder.path)/mailbox.sqlite", "env.channeldb \(folder.path)/relay.sqlite",
        ])
        let values = try MultigraphAnswer(try await machine.run("wormhole_mailbox").output)
        #expect(values["wormhole_mailbox"]?.values.allSatisfy { $0 == "U" } == true)
        #expect(
            values["wormhole_mailbox.stored"] == [
                "stored_nameplates": "0", "stored_mailboxes": "0", "stored_messages": "0",
            ]
        )
        let age = try MultigraphAnswer(try await machine.run("wormhole_server").output)["wormhole_server"]?["age"]
        #expect(age.flatMap { Int($0) }.map { (0..<300).contains($0) } == true)
        let events = try await machine.run("wormhole_events")
        #expect(events.lines.first == "happy.value 2")
        for server in [mailbox.child, relay.child] {
            server.send(signal: SIGTERM)
            _ = try await server.end()
        }
    }

    @Test("munin-node-configure suggests every plugin, and the groups of wormhole_")
    func suggest() async throws {
        let server = try await RunningServer()
        let section = ["user munin", "env.usagedb \(server.folder.path)/usage.sqlite"]
        let machine = try await MuninMachine(section: section)
        let table = try await machine.run(program: "munin-node-configure", "--suggest", "--families=auto")
        #expect(table.errors == "")
        var suggestions: [Substring: Substring] = [:]
        for line in table.lines.dropFirst(2) {
            let columns = line.split(separator: "|").map { $0.trimming(while: \.isWhitespace) }
            suggestions[columns[0]] = columns[2]
        }
        var expected: [Substring: Substring] = ["wormhole_": "yes (+mailbox +server +transit)"]
        for plugin in MuninPlugin.originals { expected[Substring(plugin.name)] = "yes" }
        expected["wormhole_active"] = "no [env.channeldb is not set]"
        #expect(suggestions == expected)

        // What it proposes can be done as it stands, and leaves nothing to propose.
        let commands = try await machine.run(program: "munin-node-configure", "--shell", "--families=auto")
        #expect(commands.lines.count == 10 + 3)
        _ = try await run("sh", "-e", input: commands.output)
        let links = try FileManager.default.contentsOfDirectory(atPath: machine.folder.path + "/etc/munin/plugins")
        #expect(
            Set(links).isSuperset(of: ["wormhole_transit", "wormhole_mailbox", "wormhole_server", "wormhole_events"])
        )
        #expect(try await machine.run(program: "munin-node-configure", "--shell", "--families=auto").output == "")
        #expect(try await machine.run("wormhole_server").status == 0)
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}

extension Substring {
    fileprivate func trimming(while isBlank: (Character) -> Bool) -> Substring {
        var rest = drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
