import Observations
import Telemetry

/// The page for people: self-contained, and readable in light and dark.
enum StatusPage {
    @Sendable static func respond(_ request: AdminRequest, _ telemetry: Telemetry) -> AdminResponse {
        AdminResponse(
            status: 200,
            contentType: "text/html; charset=utf-8",
            headers: [
                // Nothing but the page itself, its style included.
                AdminResponse.Header(
                    name: "Content-Security-Policy",
                    value: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
                )
            ],
            body: Array(html(telemetry).utf8)
        )
    }

    private static func html(_ telemetry: Telemetry) -> String {
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
            <ul>
            <li><a href="/metrics">Metrics</a> for Prometheus</li>
            <li><a href="/healthz">Health</a>: every event loop turns</li>
            <li><a href="/readyz?verbose">Readiness</a>, check by check</li>
            <li><a href="/version">Version</a> as JSON</li>
            </ul>
            </body>
            </html>

            """
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
