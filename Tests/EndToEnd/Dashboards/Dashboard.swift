import Foundation
import TestSupport

/// A dashboard as Grafana reads it.
struct Dashboard: Sendable {
    /// The file's name without its ending, which is its uid as well.
    let name: String
    let json: JSON

    static let folder = Repository.root.appending(path: "dashboards/grafana")
    static let names = ["wormhole-overview", "wormhole-mailbox", "wormhole-transit", "wormhole-ops"]

    /// What a query is narrowed to.
    static let scope = [
        MetricSelector.Matcher("job", "=~", "$job"), MetricSelector.Matcher("instance", "=~", "$instance"),
    ]

    init(_ name: String) throws {
        self.name = name
        let file = Self.folder.appending(path: name + ".json")
        json = try JSON(String(contentsOf: file, encoding: .utf8))
    }

    static func all() throws -> [Dashboard] { try names.map { try Dashboard($0) } }

    var panels: [Panel] { (json["panels"]?.array ?? []).map { Panel(dashboard: name, json: $0) } }

    /// The pictures below each heading, in their order.
    var rows: [(title: String, pictures: [Panel])] {
        var result: [(title: String, pictures: [Panel])] = []
        for panel in panels {
            if panel.type == "row" {
                result.append((panel.title, []))
            } else if !result.isEmpty {
                result[result.count - 1].pictures.append(panel)
            }
        }
        return result
    }

    /// Those that show something, and are not the heading of a row.
    var pictures: [Panel] { panels.filter { $0.type != "row" } }

    func variables(ofType type: String) -> [JSON] {
        (json["templating"]?["list"]?.array ?? []).filter { $0["type"]?.string == type }
    }

    func variable(_ name: String) -> JSON? {
        (json["templating"]?["list"]?.array ?? []).first { $0["name"]?.string == name }
    }

    var annotations: [JSON] { json["annotations"]?["list"]?.array ?? [] }
}

/// One picture of a dashboard, or the heading of a row.
struct Panel: Sendable, CustomStringConvertible {
    /// A place in Grafana's grid of 24 columns.
    struct Place: Sendable {
        let left, top, width, height: Int

        func overlaps(_ other: Place) -> Bool {
            left < other.left + other.width && other.left < left + width
                && top < other.top + other.height && other.top < top + height
        }
    }

    let dashboard: String
    let json: JSON

    var type: String { json["type"]?.string ?? "" }
    var title: String { json["title"]?.string ?? "" }
    var unit: String { json["fieldConfig"]?["defaults"]?["unit"]?.string ?? "" }
    var queries: [PanelQuery] { (json["targets"]?.array ?? []).map { PanelQuery(panel: description, json: $0) } }
    var description: String { "\(dashboard), \(title)" }

    /// Those that are drawn as limits.
    var dashedQueries: [PanelQuery] {
        let overrides = (json["fieldConfig"]?["overrides"]?.array ?? []).filter { override in
            override["properties"]?.array?.contains { $0["id"] == "custom.lineStyle" } == true
        }
        let names = Set(overrides.compactMap { $0["matcher"]?["options"]?.string })
        return queries.filter { names.contains($0.name) }
    }

    var place: Place? {
        guard let place = json["gridPos"], let left = place["x"]?.number, let top = place["y"]?.number,
            let width = place["w"]?.number, let height = place["h"]?.number
        else { return nil }
        return Place(left: Int(left), top: Int(top), width: Int(width), height: Int(height))
    }
}

/// What a panel asks Prometheus.
struct PanelQuery: Sendable, CustomStringConvertible {
    /// Dashboard and panel.
    let panel: String
    let json: JSON

    var expression: String { json["expr"]?.string ?? "" }
    var name: String { json["refId"]?.string ?? "" }
    var isInstant: Bool { json["instant"] == .bool(true) }
    var description: String { "\(panel), \(name): \(expression)" }

    /// The labels that the legend shows.
    var legendLabels: [String] {
        (json["legendFormat"]?.string ?? "").matches(of: /\{\{(\w+)\}\}/).map { String($0.1) }
    }

    /// The expression with Grafana's variables replaced, as Grafana does it.
    ///
    /// - Parameter rateInterval: A duration in Prometheus' notation.
    func expression(rateInterval: String) -> String {
        expression
            .replacing("$__rate_interval", with: rateInterval)
            .replacing("$job", with: ".+")
            .replacing("$instance", with: ".+")
    }
}
