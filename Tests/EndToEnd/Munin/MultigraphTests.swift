import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Munin: the multigraph plugin wormhole_")
struct MultigraphTests {
    private static let counters = """
        CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO counters VALUES ('transit_happy', 7), ('transit_lonely', 2), ('transit_bytes', 9876543210123),
            ('transit_wait_le_1', 3), ('transit_wait_le_2', 4), ('transit_wait_le_inf', 1);
        """
    private let plugin = MuninPlugin("wormhole_")

    /// Our table of the state: the columns of both servers.
    private func databases(age: Double = 10, sql: String = Self.counters, channels: String = "") async throws
        -> PreparedDatabases
    {
        try await PreparedDatabases(
            .mailbox,
            age: age,
            uptime: 86400,
            sql: """
                CREATE TABLE usage (started INTEGER, total_time INTEGER, waiting_time INTEGER, total_bytes INTEGER,
                                    result VARCHAR);
                ALTER TABLE current ADD COLUMN connected INTEGER DEFAULT 4;
                ALTER TABLE current ADD COLUMN waiting INTEGER DEFAULT 1;
                ALTER TABLE current ADD COLUMN incomplete_bytes INTEGER DEFAULT 77;
                \(sql)
                """,
            channelSQL: channels
        )
    }

    @Test("every graph says what Munin wants to know, and no graph has the name of a field of its group")
    func config() async throws {
        let databases = try await databases()
        let answer = try await plugin.run("config", environment: databases.environment)
        #expect(answer.status == 0 && answer.errors == "")
        let config = try MultigraphAnswer(answer.output)
        #expect(config.names.count == 15)
        var fields: [String: Set<String>] = [:]
        for name in config.names {
            let graph = try #require(config[name])
            #expect(name.wholeMatch(of: /wormhole_(transit|mailbox|server)(\.[a-z]+)?/) != nil)
            #expect(graph["graph_category"] == "wormhole")
            #expect(graph["graph_args"]?.hasPrefix("--base 1000 --lower-limit 0") == true)
            for attribute in ["title", "vlabel", "info", "period", "scale"] {
                #expect(graph["graph_" + attribute]?.isEmpty == false, "\(name) \(attribute)")
            }
            let names = graph.keys.filter { $0.hasSuffix(".label") }.map { $0.dropLast(6) }
            #expect(!names.isEmpty)
            for field in names {
                #expect(field.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil)
                #expect(graph["\(field).info"]?.isEmpty == false && graph["\(field).draw"] != nil, "\(name) \(field)")
                let isRate = graph["\(field).type"] == "DERIVE"
                #expect(isRate || graph["\(field).type"] == "GAUGE")
                #expect(graph["\(field).min"] == (isRate ? "0" : nil))
                #expect(graph["graph_vlabel"]?.contains("${graph_period}") == isRate)
            }
            fields[String(name.prefix { $0 != "." }), default: []].formUnion(names.map(String.init))
        }
        // Munin takes a graph below another one for a field of it when a field anywhere in the group has its name.
        for name in config.names where name.contains(".") {
            let parts = name.split(separator: ".").map(String.init)
            #expect(fields[parts[0]]?.contains(parts[1]) == false, "\(name)")
        }
        // Limits are where the databases know something that can go wrong, and the operator may set others.
        #expect(
            config["wormhole_server"]?["age.warning"] == "360" && config["wormhole_server"]?["age.critical"] == "900"
        )
        #expect(config["wormhole_mailbox.codes"]?["two_digits.warning"] == "80")
        #expect(config["wormhole_mailbox.codes"]?["two_digits.critical"] == "95")
        let other = databases.environment.merging(["age_warning": "600", "age_critical": ""]) { $1 }
        let changed = try MultigraphAnswer(try await plugin.run("config", environment: other).output)
        #expect(
            changed["wormhole_server"]?["age.warning"] == "600" && changed["wormhole_server"]?["age.critical"] == nil
        )
    }

    @Test("values are the counters, the state, and sums of the buckets; what is not counted is U")
    func values() async throws {
        let databases = try await databases(
            channels: """
                INSERT INTO nameplates (app_id, name) VALUES ('a', '1'), ('a', '22'), ('a', '23'), ('a', '240'),
                    ('b', '24'), ('b', '25'), ('b', '26'), ('b', 'x'), ('b', '1000'), ('b', '05');
                INSERT INTO messages (app_id) VALUES ('a'), ('a');
                """
        )
        let answer = try await plugin.run(environment: databases.environment, clock: databases.now + 5)
        #expect(answer.status == 0 && answer.errors == "")
        let values = try MultigraphAnswer(answer.output)
        #expect(values["wormhole_transit"]?["happy"] == "7" && values["wormhole_transit"]?["lonely"] == "2")
        #expect(values["wormhole_transit"]?["jilted"] == "U")
        #expect(values["wormhole_transit.bytes"] == ["relayed": "9876543210123"])
        #expect(
            values["wormhole_transit.wait"]?["seconds_2"] == "7" && values["wormhole_transit.wait"]?["longer"] == "1"
        )
        #expect(values["wormhole_transit.wait"]?["minutes_1"] == "U")
        #expect(values["wormhole_transit.open"] == ["connected": "4", "waiting": "1"])
        #expect(values["wormhole_transit.unfinished"] == ["incomplete_bytes": "77"])
        #expect(values["wormhole_mailbox.subscriptions"] == ["connections_websocket": "3"])
        let stored = ["stored_nameplates": "10", "stored_mailboxes": "0", "stored_messages": "2"]
        #expect(values["wormhole_mailbox.stored"] == stored)
        #expect(
            values["wormhole_mailbox.codes"] == ["one_digit": "11.1", "two_digits": "3.3", "three_digits": "0.1"]
        )
        #expect(values["wormhole_server"] == ["age": "15"])
        #expect(values["wormhole_server.uptime"] == ["days": "1.000"])
        let size = try FileManager.default.attributesOfItem(atPath: databases.usage)[.size] as? Int
        #expect(values["wormhole_server.database"]?["usage"].flatMap { Int($0) } == size)
    }

    @Test("a link shows its group alone, by the configuration's names; with dirtyconfig the values come along")
    func links() async throws {
        let databases = try await databases()
        for group in ["transit", "mailbox", "server"] {
            let link = databases.folder.path + "/wormhole_" + group
            try FileManager.default.createSymbolicLink(
                atPath: link,
                withDestinationPath: MuninPlugin.folder + "/wormhole_"
            )
            let linked = MuninPlugin(link: link)
            let config = try MultigraphAnswer(try await linked.run("config", environment: databases.environment).output)
            let values = try MultigraphAnswer(try await linked.run(environment: databases.environment).output)
            #expect(config.names == values.names && config.names.first == "wormhole_" + group)
            #expect(config.names.dropFirst().allSatisfy { $0.hasPrefix("wormhole_\(group).") })
            for name in config.names {
                let labels = config[name]?.keys.filter { $0.hasSuffix(".label") }.map { String($0.dropLast(6)) }
                #expect(labels?.sorted() == values[name]?.keys.sorted())
            }
            let environment = databases.environment.merging(["MUNIN_CAP_DIRTYCONFIG": "1"]) { $1 }
            let dirty = try MultigraphAnswer(try await linked.run("config", environment: environment).output)
            #expect(dirty.names == config.names)
            let field = try #require(values[config.names[0]]?.keys.first)
            #expect(dirty[config.names[0]]?[field] != nil && dirty[config.names[0]]?[field + ".label"] != nil)
        }
        let link = databases.folder.path + "/wormhole_nonsense"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: MuninPlugin.folder + "/wormhole_")
        #expect(try await MuninPlugin(link: link).run(environment: databases.environment).isRefusal)
    }

    @Test("what cannot be known is U, with a reason; the age of the state is told however old it is")
    func unknown() async throws {
        let stale = try await databases(age: 901)
        let old = try await plugin.run(environment: stale.environment, clock: stale.now)
        #expect(old.status == 0 && old.errors.contains("901 seconds old"))
        try expectUnknown(old, except: ["wormhole_server"])
        #expect(try MultigraphAnswer(old.output)["wormhole_server"] == ["age": "901"])
        // Three periods of Munin are allowed, or what the operator says.
        let fresh = try await databases(age: 900)
        #expect(try await plugin.run(environment: fresh.environment, clock: fresh.now).errors == "")
        let limit = fresh.environment.merging(["stale_seconds": "899"]) { $1 }
        try expectUnknown(try await plugin.run(environment: limit, clock: fresh.now), except: ["wormhole_server"])

        let without = try await databases(sql: "")
        let uncounted = try await plugin.run(environment: without.environment)
        #expect(try MultigraphAnswer(uncounted.output)["wormhole_transit"]?.values.allSatisfy { $0 == "U" } == true)
        #expect(try MultigraphAnswer(uncounted.output)["wormhole_transit.open"]?["connected"] == "4")
        #expect(uncounted.errors.contains("no counters"))

        try await fresh.change("UPDATE version SET version = 3")
        let empty = try await PreparedDatabases(.mailbox, age: nil)
        for path in ["/nowhere", fresh.usage, empty.usage, empty.channels, empty.folder.path] {
            let answer = try await plugin.run(environment: ["usagedb": path])
            #expect(answer.status == 0 && answer.errors.count(where: { $0 == "\n" }) == 1, "\(answer.errors)")
            try expectUnknown(answer)
        }
        let unset = try await plugin.run()
        #expect(unset.errors == "wormhole_: env.usagedb is not set\n")
        try expectUnknown(unset)
    }

    @Test("a database that stays locked is U, before Munin loses its patience")
    func locked() async throws {
        let databases = try await databases()
        let holder = try await DatabaseLock(databases.usage)
        let start = ContinuousClock.now
        let answer = try await plugin.run(environment: ["usagedb": databases.usage])
        // munin-node waits ten seconds.
        #expect(start.duration(to: .now) < .seconds(10))
        #expect(answer.status == 0 && answer.errors.contains("locked"))
        try expectUnknown(answer)
        try await holder.release()
    }

    @Test("graphs of the channel database are left out where Munin may not read it")
    func channels() async throws {
        let databases = try await databases()
        for environment in [["usagedb": databases.usage], ["usagedb": databases.usage, "channeldb": "/nowhere"]] {
            for command in ["config", "fetch"] {
                let answer = try await plugin.run(command, environment: environment)
                let names = try MultigraphAnswer(answer.output).names
                #expect(names.count == 13 && !names.contains { $0.hasSuffix("stored") || $0.hasSuffix("codes") })
            }
        }
    }

    @Test("descriptors come from the admin endpoint; without it they are left out, and U while it is silent")
    func descriptors() async throws {
        let databases = try await databases()
        let server = try await RunningServer()
        let name = "wormhole_server.descriptors"
        var environment = databases.environment
        #expect(try MultigraphAnswer(await plugin.run(environment: environment).output)[name] == nil)
        // A proxy is for other addresses.
        environment["http_proxy"] = "http://127.0.0.1:9"
        environment["admin"] = "http://127.0.0.1:\(await server.ports.admin)/"
        let config = try await MultigraphAnswer(plugin.run("config", environment: environment).output)[name]
        #expect(config?["taken.warning"] == "80" && config?["taken.critical"] == "95")
        #expect(config?["graph_vlabel"] == "%")
        let limit = try await server.metric("process_max_fds")
        let open = try await server.metric("process_open_fds")
        let answer = try await plugin.run(environment: environment)
        #expect(answer.errors == "")
        let taken = try #require(MultigraphAnswer(answer.output)[name]?["taken"].flatMap { Double($0) })
        #expect(abs(taken - 100 * open / limit) < 1, "\(taken) % of \(limit)")
        #expect(taken > 0)

        #expect(try await server.end(with: SIGTERM) == .exited(0))
        let silent = try await plugin.run(environment: environment)
        #expect(try MultigraphAnswer(silent.output)[name] == ["taken": "U"])
        #expect(silent.status == 0 && silent.errors.contains("Connection refused"), "\(silent.errors)")
        environment["admin"] = "nonsense"
        #expect(try await plugin.run(environment: environment).errors.contains("unknown url type"))
    }

    @Test("it suggests the groups whose tables there are, and never the name of another plugin")
    func suggest() async throws {
        let ours = try await databases()
        let original = try await PreparedDatabases(.mailbox)
        let relay = try await PreparedDatabases(.transit, sql: Self.counters)
        let cases = [
            (ours.usage, "transit mailbox server"), (original.usage, "server"), (relay.usage, "transit server"),
        ]
        for (path, expected) in cases {
            let answer = try await plugin.run("suggest", environment: ["usagedb": path])
            #expect(answer == .init(status: 0, output: expected.replacing(" ", with: "\n") + "\n", errors: ""))
            #expect(try await plugin.run("autoconf", environment: ["usagedb": path]).output == "yes\n")
            for name in expected.split(separator: " ") {
                #expect(!MuninPlugin.originals.contains { $0.name == "wormhole_" + name })
            }
        }
        #expect(try await plugin.run("suggest") == .init(status: 0, output: "", errors: ""))
        let no = try await plugin.run("autoconf", environment: ["usagedb": "/nowhere"])
        #expect(no == .init(status: 0, output: "no (/nowhere: No such file or directory)\n", errors: ""))
    }

    private func expectUnknown(
        _ answer: MuninPlugin.Answer,
        except known: Set<String> = [],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let values = try MultigraphAnswer(answer.output)
        #expect(values.names.count >= 13, sourceLocation: location)
        for name in values.names where !known.contains(name) {
            #expect(values[name]?.values.allSatisfy { $0 == "U" } == true, "\(name)", sourceLocation: location)
        }
    }
}
