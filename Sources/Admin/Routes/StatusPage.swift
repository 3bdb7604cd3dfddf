import Observations
import Telemetry

/// The page for people: self-contained, and readable in light and dark.
enum StatusPage {
    static let contentType = "text/html; charset=utf-8"

    @Sendable static func respond(_ call: AdminCall) -> AdminResponse {
        AdminResponse(
            status: 200,
            contentType: contentType,
            headers: [
                // Nothing but the page itself, its style included.
                AdminResponse.Header(
                    name: "Content-Security-Policy",
                    value: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
                )
            ],
            body: Array(html(call.telemetry, StatusReport(call).json).utf8)
        )
    }

    private static func html(_ telemetry: Telemetry, _ status: JSONValue) -> String {
        let stuck = telemetry.heartbeats.stuckLoops()
        let rows =
            telemetry.state.checks.map { row($0.check.rawValue, $0.isReady, $0.isReady ? "ok" : "failed") }
            + [row("event loops", stuck.isEmpty, stuck.isEmpty ? "ok" : "stuck: \(stuck.joined(separator: ", "))")]
        let state = telemetry.state.lifecycle.rawValue
        let isReady = telemetry.state.isReady
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>wormhole-server: \(state.escapedHTML)</title>
            <style>
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; \
            color: #1b1b1f; background: #fdfdfd }
            th { text-align: left; font-weight: normal; padding-right: 2rem }
            td { padding-right: 1rem } td.number { text-align: right }
            .good { color: #1a6b2f } .bad { color: #a3161f; font-weight: bold }
            a { color: #2150a8 }
            @media (prefers-color-scheme: dark) {
            body { color: #e6e6ea; background: #16161a } .good { color: #7ed596 } .bad { color: #ff8f8f } \
            a { color: #9dbcff } }
            </style>
            </head>
            <body>
            <h1>wormhole-server</h1>
            <p>Version \(telemetry.build.version.escapedHTML), revision \(telemetry.build.revision.escapedHTML), \
            Swift \(telemetry.build.swiftVersion.escapedHTML).</p>
            <p>State: <strong class="\(isReady ? "good" : "bad")">\(state.escapedHTML)</strong>\
            \(isReady ? "" : ", not ready for clients").</p>
            <table>
            \(rows.joined(separator: "\n"))
            </table>
            <p>Up for \(duration(status["uptime_seconds"]?.number ?? 0)). Start times are \
            \(telemetry.blurSeconds == 0 ? "exact" : "rounded down to \(telemetry.blurSeconds) s").</p>
            <h2>A second</h2>
            <table>
            \(rates(status).joined(separator: "\n"))
            </table>
            <ul>
            <li><a href="/status">Status</a> as JSON, with <a href="/limits">limits</a> and \
            <a href="/config">configuration</a></li>
            <li><a href="/metrics">Metrics</a> for Prometheus</li>
            <li><a href="/healthz">Health</a>: every event loop turns</li>
            <li><a href="/readyz?verbose">Readiness</a>, check by check</li>
            <li><a href="/version">Version</a> as JSON</li>
            <li>A closer look: <a href="/debug/connections">connections</a>, <a href="/debug/loops">event loops</a>, \
            <a href="/debug/memory">memory</a>, <a href="/debug/consistency">consistency</a></li>
            <li><a href="/openapi.json">All of this</a> as OpenAPI</li>
            </ul>
            </body>
            </html>

            """
    }

    /// A row for each thing that is counted: now, and over the spans.
    private static func rates(_ status: JSONValue) -> [String] {
        let spans = RateSampler.spans.map(\.name)
        let head =
            "<tr><th></th>" + spans.map { "<th scope=\"col\">\($0)</th>" }.joined() + "<th>since the start</th></tr>"
        return [head]
            + RateSampler.subjects.map { subject in
                let cells = spans.map { status["rates"]?[$0]?[subject.name]?.number.map(number) ?? "" }
                let total = status["since_start"]?[subject.name]?.number.map(number) ?? ""
                let name = subject.name.split(separator: "_").joined(separator: " ")
                return "<tr><th scope=\"row\">\(name)</th>"
                    + (cells + [total]).map { "<td class=\"number\">\($0)</td>" }.joined() + "</tr>"
            }
    }

    /// With one digit behind the point where it tells something.
    private static func number(_ value: Double) -> String {
        value >= 100 || value == value.rounded() ? String(Int(value.rounded())) : String((value * 10).rounded() / 10)
    }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
        return days > 0
            ? "\(days) d \(hours) h" : hours > 0 ? "\(hours) h \(minutes) min" : "\(minutes) min \(whole % 60) s"
    }

    private static func row(_ name: String, _ isGood: Bool, _ text: String) -> String {
        """
        <tr><th scope="row">\(name.escapedHTML)</th>\
        <td class="\(isGood ? "good" : "bad")">\(text.escapedHTML)</td></tr>
        """
    }
}

extension String {
    fileprivate var escapedHTML: String {
        reduce(into: "") { text, character in
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            default: text.append(character)
            }
        }
    }
}
