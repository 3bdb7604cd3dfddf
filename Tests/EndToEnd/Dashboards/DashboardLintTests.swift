import Foundation
import TestSupport
import Testing

/// The rules of grafana/dashboard-linter, by their names there, and some of our own.
@Suite("Dashboards")
struct DashboardLintTests {
    @Test("the folder holds these dashboards and nothing else, each under its uid")
    func files() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Dashboard.folder.path(percentEncoded: false))
        #expect(files.sorted() == Dashboard.names.map { $0 + ".json" }.sorted())
        for dashboard in try Dashboard.all() {
            #expect(dashboard.json["uid"]?.string == dashboard.name)
            #expect(dashboard.json["title"]?.string?.isEmpty == false)
            #expect(dashboard.json["tags"]?.array == ["wormhole-server"])
            #expect(dashboard.pictures.count >= 15)
        }
    }

    // MARK: Rules about dashboards

    @Test("template-datasource-rule: one variable for the data source", arguments: Dashboard.names)
    func dataSourceVariable(name: String) throws {
        let variables = try Dashboard(name).variables(ofType: "datasource")
        #expect(variables.count == 1)
        #expect(variables.first?["name"] == "datasource")
        #expect(variables.first?["label"] == "Data source")
        #expect(variables.first?["query"] == "prometheus")
    }

    @Test("template-job-rule, template-instance-rule: a variable for each", arguments: Dashboard.names)
    func targetVariables(name: String) throws {
        let dashboard = try Dashboard(name)
        for (name, label) in [("job", "Job"), ("instance", "Instance")] {
            let variable = try #require(dashboard.variable(name))
            #expect(variable["type"] == "query")
            #expect(variable["label"]?.string == label)
            #expect(variable["datasource"]?["uid"] == "${datasource}")
            #expect(variable["multi"] == .bool(true))
            #expect(variable["includeAll"] == .bool(true))
            #expect(variable["allValue"] == ".+")
        }
    }

    @Test("template-label-promql-rule: variables ask for the values of a label", arguments: Dashboard.names)
    func variableQueries(name: String) throws {
        for variable in try Dashboard(name).variables(ofType: "query") {
            let query = try #require(variable["query"]?.string)
            let parts = try #require(query.wholeMatch(of: /label_values\((.+), (\w+)\)/))
            #expect(try MetricSelector.all(in: String(parts.1)).map(\.metric) == ["wormhole_build_info"])
            #expect(variable["name"]?.string == String(parts.2))
        }
    }

    @Test("template-on-time-change-reload-rule: variables follow the time range", arguments: Dashboard.names)
    func variableRefresh(name: String) throws {
        let variables = try Dashboard(name).variables(ofType: "query")
        #expect(variables.count == 2)
        #expect(variables.allSatisfy { $0["refresh"] == 2 })
    }

    @Test("template-uneditable-rule, and nothing that only works for imports by hand", arguments: Dashboard.names)
    func provisioning(name: String) throws {
        let dashboard = try Dashboard(name)
        #expect(dashboard.json["editable"] == .bool(false))
        #expect(dashboard.json["__inputs"] == nil)
        #expect(dashboard.json["__requires"] == nil)
        #expect(dashboard.json["id"] == JSON.null)
    }

    // MARK: Rules about panels

    @Test("panel-datasource-rule: panels use the variable", arguments: Dashboard.names)
    func dataSources(name: String) throws {
        let dashboard = try Dashboard(name)
        let queries = dashboard.pictures.flatMap(\.queries)
        for json in dashboard.pictures.map(\.json) + queries.map(\.json) + dashboard.annotations {
            #expect(json["datasource"] == ["type": "prometheus", "uid": "${datasource}"], "\(json.text)")
        }
    }

    @Test("panel-title-description-rule: each has both, and titles tell panels apart", arguments: Dashboard.names)
    func titles(name: String) throws {
        let dashboard = try Dashboard(name)
        for panel in dashboard.pictures {
            #expect(!panel.title.isEmpty, "\(panel)")
            #expect(panel.json["description"]?.string?.hasSuffix(".") == true, "\(panel)")
        }
        #expect(Set(dashboard.pictures.map(\.title)).count == dashboard.pictures.count)
    }

    /// That it is one that Grafana knows, ``GrafanaModelTests`` find out.
    @Test("panel-units-rule: each has a unit", arguments: Dashboard.names)
    func units(name: String) throws {
        for panel in try Dashboard(name).pictures { #expect(!panel.unit.isEmpty, "\(panel)") }
    }

    @Test("panel-no-targets-rule: each asks something, under names of its own", arguments: Dashboard.names)
    func targets(name: String) throws {
        for panel in try Dashboard(name).pictures {
            #expect(!panel.queries.isEmpty, "\(panel)")
            #expect(Set(panel.queries.map(\.name)).count == panel.queries.count, "\(panel)")
            #expect(panel.queries.allSatisfy { !$0.expression.isEmpty }, "\(panel)")
        }
    }

    // MARK: Rules about queries

    @Test("target-promql-rule: each query is valid PromQL")
    func promQL() async throws {
        let queries = try Dashboard.all().flatMap(\.pictures).flatMap(\.queries)
        let rules = queries.map { query in
            "      - {record: panel, expr: \(JSON.string(query.expression(rateInterval: "1m")).text)}"
        }
        // promtool reads rules only, so each query becomes one.
        let folder = try TemporaryFolder()
        let file = folder.path + "/panels.rules.yml"
        let text = (["groups:", "  - name: panels", "    rules:"] + rules).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(filePath: file))
        let output = try await run(Repository.tool("promtool"), "check", "rules", "--lint=none", file)
        #expect(output.contains("SUCCESS: \(queries.count) rules found"))
    }

    @Test("target-rate-interval-rule: rates are over $__rate_interval", arguments: Dashboard.names)
    func rateIntervals(name: String) throws {
        for query in try Dashboard(name).pictures.flatMap(\.queries) {
            for selector in try MetricSelector.all(in: query.expression) where selector.range != nil {
                guard ["rate", "irate"].contains(selector.function) else { continue }
                #expect(selector.range == "$__rate_interval", "\(query)")
            }
        }
    }

    @Test("target-job-rule, target-instance-rule: each metric is narrowed to both", arguments: Dashboard.names)
    func scopes(name: String) throws {
        let dashboard = try Dashboard(name)
        let expressions = dashboard.pictures.flatMap(\.queries).map(\.expression)
        let annotations = dashboard.annotations.compactMap { $0["expr"]?.string }
        #expect(annotations.count == 3)
        for expression in expressions + annotations {
            let selectors = try MetricSelector.all(in: expression)
            #expect(!selectors.isEmpty, "\(expression)")
            for selector in selectors {
                #expect(
                    Dashboard.scope.allSatisfy { selector.matchers.contains($0) },
                    "\(selector.metric) in \(expression)"
                )
            }
        }
    }

    @Test("target-counter-agg-rule: counters and buckets are drawn as rates or increases", arguments: Dashboard.names)
    func counters(name: String) throws {
        for query in try Dashboard(name).pictures.flatMap(\.queries) {
            for selector in try MetricSelector.all(in: query.expression) {
                guard ["_total", "_bucket", "_sum", "_count"].contains(where: selector.metric.hasSuffix) else {
                    continue
                }
                #expect(selector.range != nil, "\(query)")
                #expect(["rate", "irate", "increase"].contains(selector.function), "\(query)")
            }
        }
    }

    @Test("an age that is judged in seconds is that of the last scrape, however long ago it was")
    func heartbeat() async throws {
        let panel = try #require(Dashboard("wormhole-ops").pictures.first { $0.title == "Heartbeat age" })
        #expect(panel.json["fieldConfig"]?["defaults"]?["thresholds"]?["steps"]?.array?.last?["value"] == 5)
        let query = try #require(panel.queries.first)
        // A loop that came round a second before each scrape; looked at half a minute after the last of them.
        let story = """
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - series: 'wormhole_event_loop_heartbeat_timestamp_seconds{job="j", instance="i"}'
                    values: '-1+60x20'
                promql_expr_test:
                  - expr: \(JSON.string(query.expression(rateInterval: "1m")).text)
                    eval_time: 10m30s
                    exp_samples: [{labels: '{instance="i"}', value: 1}]
            """
        let folder = try TemporaryFolder()
        let file = folder.path + "/heartbeat.yml"
        try Data(story.utf8).write(to: URL(filePath: file))
        _ = try await run(Repository.tool("promtool"), "test", "rules", file)
    }

    @Test("of many series, those with something to tell come first in the legend", arguments: Dashboard.names)
    func legends(name: String) throws {
        let graphs = try Dashboard(name).pictures.filter { $0.type == "timeseries" }
        #expect(graphs.count > 5)
        for legend in graphs.compactMap({ $0.json["options"]?["legend"] }) {
            #expect(legend["sortBy"] == "Max" && legend["sortDesc"] == .bool(true))
            #expect(legend["calcs"]?.array?.contains("max") == true)
        }
    }

    // MARK: Geometry

    @Test("panels have sensible sizes, do not overlap, and leave no holes", arguments: Dashboard.names)
    func geometry(name: String) throws {
        let dashboard = try Dashboard(name)
        let ids = dashboard.panels.compactMap { $0.json["id"]?.number }
        #expect(Set(ids).count == dashboard.panels.count)
        let places = try dashboard.panels.map { try #require($0.place, "\($0)") }
        for (index, place) in places.enumerated() {
            let panel = dashboard.panels[index]
            #expect(place.left >= 0 && place.left + place.width <= 24, "\(panel)")
            #expect(panel.type == "row" ? place.height == 1 && place.width == 24 : (4...12).contains(place.height))
            #expect(panel.type == "row" || (4...24).contains(place.width), "\(panel)")
            #expect(!places[..<index].contains { place.overlaps($0) }, "\(panel)")
        }
        let bottom = places.map { $0.top + $0.height }.max() ?? 0
        #expect(places.reduce(0) { $0 + $1.width * $1.height } == 24 * bottom)
    }

    @Test("the first panel of each dashboard stands below the heading of a row")
    func rows() throws {
        for dashboard in try Dashboard.all() {
            #expect(dashboard.panels.first?.type == "row")
            #expect(dashboard.panels.filter { $0.type == "row" }.count == 4)
        }
    }

    // MARK: Source

    @Test("what is in the folder is what the generator makes")
    func generation() async throws {
        let folder = try TemporaryFolder()
        let generator = Repository.root.appending(path: "dashboards/generate.py").path(percentEncoded: false)
        _ = try await run("python3", generator, "--output", folder.path)
        let made = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.contains(".") }
        #expect(made.count == Dashboard.names.count + 5)
        for path in made {
            let expected = try String(contentsOfFile: folder.path + "/" + path, encoding: .utf8)
            let file = Repository.root.appending(path: "dashboards/" + path)
            #expect(try String(contentsOf: file, encoding: .utf8) == expected, "run: python3 dashboards/generate.py")
        }
    }

    @Test("links of alerts lead to where the runbook is said to be")
    func runbookLinks() async throws {
        let folder = try TemporaryFolder()
        let generator = Repository.root.appending(path: "dashboards/generate.py").path(percentEncoded: false)
        _ = try await run("python3", generator, "--output", folder.path, "--runbook=https://wiki.example.org/wormhole")
        let rules = try String(contentsOfFile: folder.path + "/prometheus/alerting.rules.yml", encoding: .utf8)
        let links = rules.matches(of: /runbook_url: '(.+)#\w+'/).map(\.1)
        #expect(links.count > 20)
        #expect(Set(links) == ["https://wiki.example.org/wormhole"])
    }
}
