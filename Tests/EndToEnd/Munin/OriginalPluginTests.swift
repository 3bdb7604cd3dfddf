import Foundation
import TestSupport
import Testing

/// The original servers' own plugins, from their source archives, beside ours: on the same database both must say the same.
///
/// `wormhole_version_uptake` is in no released archive.
@Suite("Munin: the originals' own plugins and ours agree")
struct OriginalPluginTests {
    static let names = MuninPlugin.originals.map(\.name).filter { $0 != "wormhole_version_uptake" }

    @Test("the configuration is the same", arguments: names)
    func config(name: String) async throws {
        let original = try await MuninPlugin(ofOriginal: name).run("config")
        #expect(original.status == 0 && original.lines.count > 3)
        #expect(try await MuninPlugin(name).run("config").output == original.output)
    }

    @Test("values of a database of our server, after traffic, are the same")
    func onOurs() async throws {
        let server = try await RunningServer("--blur-usage=0")
        try await Traffic(mailbox: server.ports.mailbox, transit: server.ports.transit).run()
        let databases = [
            "usagedb": server.folder.path + "/usage.sqlite", "channeldb": server.folder.path + "/relay.sqlite",
        ]
        try await eventually("both transfers are recorded") {
            try await server.query("usage.sqlite", "SELECT value FROM counters WHERE name = 'transit_happy'") == ["2"]
        }
        for name in Self.names { try await expectAgreement(on: name, databases) }
        let events = try await MuninPlugin("wormhole_transit_events").run(environment: databases)
        #expect(events.lines.first == "happy.value 2")
        let mailboxes = try await MuninPlugin("wormhole_events").run(environment: databases)
        #expect(mailboxes.lines.last == "total.value 2")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("values of databases of the original servers, after traffic, are the same")
    func onOriginals() async throws {
        let folder = try TemporaryFolder()
        let options = ["--usage-db=\(folder.path)/mailbox.sqlite", "--channel-db=\(folder.path)/relay.sqlite"]
        let mailbox = try await OriginalServer(.mailbox, options, folder: folder.path)
        let relay = try await OriginalServer(.relay, ["--usage-db=\(folder.path)/transit.sqlite"], folder: folder.path)
        try await Traffic(mailbox: mailbox.port, transit: relay.port).run()
        let transit = ["usagedb": folder.path + "/transit.sqlite"]
        // The original commits its state along with the next record only.
        try await eventually("the transfers are recorded") {
            let answer = try await MuninPlugin("wormhole_transit_events").run(environment: transit)
            return answer.lines.first == "happy.value 2"
        }
        for name in Self.names {
            let isTransit = name.hasPrefix("wormhole_transit_")
            let usage = folder.path + (isTransit ? "/transit.sqlite" : "/mailbox.sqlite")
            try await expectAgreement(on: name, ["usagedb": usage, "channeldb": folder.path + "/relay.sqlite"])
        }
        let uptake = try await MuninPlugin("wormhole_version_uptake").run(
            environment: ["usagedb": folder.path + "/mailbox.sqlite", "python_client_versions": "0.24.0"]
        )
        #expect(uptake.lines == ["v_unknown.value 0", "v_non_python.value 2", "v_other.value 0", "v_0_24_0.value 2"])
        for server in [mailbox.child, relay.child] {
            server.send(signal: SIGTERM)
            _ = try await server.end()
        }
    }

    private func expectAgreement(
        on name: String,
        _ environment: [String: String],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let original = try await MuninPlugin(ofOriginal: name).run(environment: environment)
        #expect(original.status == 0 && !original.output.isEmpty, "\(original)", sourceLocation: location)
        let ours = try await MuninPlugin(name).run(environment: environment)
        #expect(ours.output == original.output, "\(name)", sourceLocation: location)
    }
}
