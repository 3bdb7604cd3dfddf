import Foundation
import TestSupport
import Testing

/// Grafana itself cannot be had here; its published model of a dashboard can.
@Suite("Dashboards and Grafana's own model")
struct GrafanaModelTests {
    @Test("it knows every member, every word and every unit of each", arguments: Dashboard.names)
    func known(name: String) async throws {
        let file = Dashboard.folder.appending(path: name + ".json")
        #expect(try await Self.complaints(about: file) == [])
    }

    /// What can be wrong with a dashboard: a place in it, what is put there, and what is said of it.
    private static let mistakes: [(place: [String], value: JSON, complaint: String)] = [
        (["fieldConfig", "defaults", "custom", "drawStyle"], "wiggle", "draw_style is 'wiggle', not one of"),
        (["fieldConfig", "defaults", "custom", "lineWeight"], 2, "custom/lineWeight is not in the model"),
        (["fieldConfig", "defaults", "unit"], "cpz", "there is no unit cpz"),
        (["fieldConfig", "defaults", "thresholds", "mode"], "abs", "mode is 'abs', not one of"),
        (["gridPos", "w"], "8", "w is '8', not int"),
        (["options", "tooltip", "show"], .bool(true), "tooltip/show is not in the model"),
        (["type"], "graph", "there is no panel of the kind graph"),
        (["datasource", "type"], "loki", "is no query to Prometheus"),
        (["targets"], [["refId": "A", "expr": "x", "format": "matrix"]], "format_val is 'matrix', not one of"),
    ]

    @Test("a mistake of any kind is found", arguments: mistakes.indices)
    func mistake(index: Int) async throws {
        let mistake = Self.mistakes[index]
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.path + "/mistaken.json")
        var dashboard = try Dashboard("wormhole-mailbox").json
        let panels = try #require(dashboard["panels"]?.array)
        #expect(panels[1]["type"] == "timeseries")
        dashboard = dashboard.setting(
            ["panels"],
            to: .array(panels.enumerated().map { $0 == 1 ? $1.setting(mistake.place, to: mistake.value) : $1 })
        )
        try Data(dashboard.text.utf8).write(to: file)
        let complaints = try await Self.complaints(about: file)
        #expect(complaints.contains { $0.contains(mistake.complaint) }, "\(complaints)")
    }

    private static func complaints(about file: URL) async throws -> [Substring] {
        let script = Repository.root.appending(path: "Tests/EndToEnd/Fixtures/dashboards/grafana-model.py")
        let output = try await run(
            Repository.python("python"),
            script.path(percentEncoded: false),
            file.path(percentEncoded: false)
        )
        return output.split(separator: "\n")
    }
}

extension JSON {
    /// The same with another value in a place, which is made if it is not there.
    fileprivate func setting(_ place: [String], to value: JSON) -> JSON {
        guard let name = place.first else { return value }
        var members: [String: JSON] = [:]
        if case .object(let own) = self { members = own }
        members[name] = (members[name] ?? [:]).setting(Array(place.dropFirst()), to: value)
        return .object(members)
    }
}
