import Foundation
import TestSupport
import Testing

@Suite("Munin: when the plugins with the originals' names have no values")
struct PluginRefusalTests {
    private static func kind(of plugin: MuninPlugin) -> PreparedDatabases.Kind {
        plugin.name.hasPrefix("wormhole_transit_") ? .transit : .mailbox
    }

    @Test("mailbox 111: state of 359 seconds is taken, of 361 seconds it is none", arguments: MuninPlugin.mailbox)
    func staleMailbox(plugin: MuninPlugin) async throws {
        try await expectExpiry(of: plugin, after: 360)
    }

    @Test("transit 130: state of 300 seconds is taken, of 301 seconds it is none", arguments: MuninPlugin.transit)
    func staleTransit(plugin: MuninPlugin) async throws {
        try await expectExpiry(of: plugin, after: 300)
    }

    private func expectExpiry(of plugin: MuninPlugin, after seconds: Double) async throws {
        let databases = try await PreparedDatabases(Self.kind(of: plugin), age: 0)
        for age in [seconds - 1, seconds] {
            let fresh = try await plugin.run(environment: databases.environment, clock: databases.now + age)
            #expect(fresh.status == 0 && !fresh.output.isEmpty && fresh.errors.isEmpty)
        }
        let stale = try await plugin.run(environment: databases.environment, clock: databases.now + seconds + 1)
        #expect(stale.isRefusal, "\(stale)")
    }

    @Test("mailbox 112, transit 131: no variable, no file, another file", arguments: MuninPlugin.originals)
    func missing(plugin: MuninPlugin) async throws {
        let databases = try await PreparedDatabases(Self.kind(of: plugin))
        try await expectRefusal(plugin, [:])
        let absent = databases.folder.path + "/absent.sqlite"
        try await expectRefusal(plugin, databases.environment.merging(["usagedb": absent]) { $1 })
        // A plugin makes nothing where nothing is.
        #expect(!FileManager.default.fileExists(atPath: absent))
        try await expectRefusal(plugin, databases.environment.merging(["usagedb": databases.folder.path]) { $1 })
        try await expectRefusal(plugin, databases.environment.merging(["usagedb": databases.channels]) { $1 })
        let text = databases.folder.path + "/text"
        try Data("This is no database, although it is longer than the header of one.\n".utf8 + Data(count: 100))
            .write(to: URL(filePath: text))
        try await expectRefusal(plugin, databases.environment.merging(["usagedb": text]) { $1 })
    }

    @Test("mailbox 112, transit 132: a server that has not written its state", arguments: MuninPlugin.originals)
    func noCurrent(plugin: MuninPlugin) async throws {
        let databases = try await PreparedDatabases(Self.kind(of: plugin), age: nil)
        try await expectRefusal(plugin, databases.environment)
        try await databases.change(
            "INSERT INTO current (rebooted, updated) VALUES ('yesterday', \(Date().timeIntervalSince1970))"
        )
        try await expectRefusal(plugin, databases.environment)
    }

    @Test("the other server's database, and one of a version to come", arguments: MuninPlugin.originals)
    func foreign(plugin: MuninPlugin) async throws {
        let databases = try await PreparedDatabases(Self.kind(of: plugin))
        try await databases.change("UPDATE version SET version = 9")
        try await expectRefusal(plugin, databases.environment)
        guard plugin.name != "wormhole_active" else { return }
        let other = try await PreparedDatabases(Self.kind(of: plugin) == .mailbox ? .transit : .mailbox)
        try await expectRefusal(plugin, other.environment)
    }

    @Test("mailbox 112: the channel database is missing or another one")
    func channels() async throws {
        let databases = try await PreparedDatabases(.mailbox)
        let plugin = MuninPlugin("wormhole_active")
        for path in ["", "/nowhere", databases.usage] {
            try await expectRefusal(plugin, ["usagedb": databases.usage, "channeldb": path])
        }
        try await expectRefusal(plugin, ["usagedb": databases.usage])
    }

    @Test("a database that stays locked, after a few seconds")
    func locked() async throws {
        let databases = try await PreparedDatabases(.transit)
        let holder = try await DatabaseLock(databases.usage)
        try await expectRefusal(MuninPlugin("wormhole_transit_events"), databases.environment)
        try await holder.release()
        #expect(try await MuninPlugin("wormhole_transit_events").run(environment: databases.environment).status == 0)
    }

    private func expectRefusal(
        _ plugin: MuninPlugin,
        _ environment: [String: String],
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await plugin.run(environment: environment)
        #expect(answer.isRefusal, "\(environment): \(answer)", sourceLocation: location)
        #expect(answer.errors.hasPrefix(plugin.name + ": "), sourceLocation: location)
    }
}
