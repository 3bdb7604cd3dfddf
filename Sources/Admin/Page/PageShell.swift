import Crypto
import Telemetry

/// What all pages share: head, navigation, and the headers that keep everything else out.
enum PageShell {
    static let contentType = "text/html; charset=utf-8"

    static func response(_ snapshot: PageSnapshot, path: String, title: String, main: HTML) -> AdminResponse {
        AdminResponse(
            status: 200,
            contentType: contentType,
            headers: [AdminResponse.Header(name: "Content-Security-Policy", value: policy)],
            body: Array(page(snapshot, path: path, title: title, main: main).text.utf8)
        )
    }

    /// Our style sheet and our script alone, and the script may ask this server alone.
    static let policy = [
        "default-src 'none'", "style-src '\(digest(PageStyle.text))'", "script-src '\(digest(PageScript.text))'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static func digest(_ text: HTML) -> String {
        "sha256-" + Base64.text(Array(SHA256.hash(data: Array(text.text.utf8))))
    }

    private static let paths = [("/", "Now"), ("/history", "History")]

    static func page(_ snapshot: PageSnapshot, path: String, title: String, main: HTML) -> HTML {
        let links = paths.map { target, name -> HTML in
            target == path
                ? "<a href=\"\(target)\" aria-current=\"page\">\(name)</a>" : "<a href=\"\(target)\">\(name)</a>"
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>wormhole-server: \(title)</title>
            <style>\(PageStyle.text)</style>
            </head>
            <body>
            <svg class="patterns" aria-hidden="true" width="0" height="0"><defs>
            <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="5" height="5"/><path class="hatch" d="M0 0v5"/></pattern></defs></svg>
            <header><div class="width"><h1>wormhole-server</h1><nav aria-label="Pages">\(links)</nav></div></header>
            <p id="note" class="width" role="status" hidden></p>
            <main class="width">
            \(main)
            \(footer(snapshot))
            </main>
            <script>\(PageScript.text)</script>
            </body>
            </html>

            """
    }

    private static func footer(_ snapshot: PageSnapshot) -> HTML {
        let blur =
            snapshot.blurSeconds == 0 ? "exact" : "rounded down to \(Figure.seconds.text(snapshot.blurSeconds))"
        let time = UTCTime(Int(snapshot.now))
        let start = UTCTime(Int(snapshot.now - snapshot.uptime))
        return """
            <footer>
            <p>As of <time>\(time.date) \(time.exactClock)</time> UTC.\
            <span class="without-script"> <a href="">Load again</a>; where scripts may run, the page does so by itself.\
            </span></p>
            <p>Version \(snapshot.build.version), revision \(snapshot.build.revision), \
            Swift \(snapshot.build.swiftVersion). Up since \(start.date) \(start.clock) UTC. \
            Start times of records are \(blur).</p>
            <p>For programs: <a href="/status">status</a>, <a href="/limits">limits</a>, \
            <a href="/config">configuration</a>, <a href="/usage">usage</a>, <a href="/metrics">metrics</a>, \
            <a href="/healthz">health</a>, <a href="/readyz?verbose">readiness</a>, <a href="/version">version</a>, \
            <a href="/debug/connections">connections</a>, <a href="/debug/loops">event loops</a>, \
            <a href="/debug/memory">memory</a>, <a href="/debug/consistency">consistency</a>, \
            <a href="/openapi.json">all of it as OpenAPI</a>.</p>
            </footer>
            """
    }
}

/// Source: RFC 4648, section 4.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | (start + $1 < bytes.count ? Int(bytes[start + $1]) : 0) }
            for place in 0..<4 { text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : "=") }
        }
        return text
    }
}
