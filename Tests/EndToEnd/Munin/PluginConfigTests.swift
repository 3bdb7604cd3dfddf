import Foundation
import Testing

@Suite("Munin: what the plugins with the originals' names say of themselves")
struct PluginConfigTests {
    @Test(
        "mailbox 109, transit 126: the configuration is the originals', line by line",
        arguments: MuninPlugin.originals
    )
    func config(plugin: MuninPlugin) async throws {
        let file = try #require(
            Bundle.module.url(forResource: "Fixtures/munin/\(plugin.name)", withExtension: "config")
        )
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(try await plugin.run("config") == MuninPlugin.Answer(status: 0, output: expected, errors: ""))
        // Munin may ask for values along with the configuration; the originals never gave them.
        let dirty = try await plugin.run("config", environment: ["MUNIN_CAP_DIRTYCONFIG": "1"])
        #expect(dirty.output == expected)
    }

    @Test("mailbox 109: each version asked for is a field of its own, blanks around it aside")
    func listedVersions() async throws {
        let expected = """
            graph_title Magic-Wormhole Version Uptake
            graph_vlabel Clients
            graph_category wormhole
            v_unknown.label unknown
            v_unknown.draw AREA
            v_unknown.type GAUGE
            v_non_python.label non-python
            v_non_python.draw STACK
            v_non_python.type GAUGE
            v_other.label other
            v_other.draw STACK
            v_other.type GAUGE
            v_0_24_0.label 0.24.0
            v_0_24_0.draw STACK
            v_0_24_0.type GAUGE

            """
        let plugin = MuninPlugin("wormhole_version_uptake")
        for listed in ["0.24.0", " 0.24.0 ,", "0.24.0,0.24.0"] {
            #expect(try await plugin.run("config", environment: ["python_client_versions": listed]).output == expected)
        }
    }

    @Test("they say whether they would work here", arguments: MuninPlugin.originals)
    func autoconf(plugin: MuninPlugin) async throws {
        let no = try await plugin.run("autoconf")
        #expect(no == MuninPlugin.Answer(status: 0, output: "no (env.usagedb is not set)\n", errors: ""))
        let isMailbox = MuninPlugin.mailbox.contains { $0.name == plugin.name }
        let databases = try await PreparedDatabases(isMailbox ? .mailbox : .transit)
        let yes = try await plugin.run("autoconf", environment: databases.environment)
        #expect(yes == MuninPlugin.Answer(status: 0, output: "yes\n", errors: ""))
        let other = try await PreparedDatabases(isMailbox ? .transit : .mailbox)
        guard plugin.name != "wormhole_active" else { return }
        let elsewhere = try await plugin.run("autoconf", environment: other.environment)
        #expect(elsewhere.status == 0 && elsewhere.output.hasPrefix("no (") && elsewhere.lines.count == 1)
    }
}
