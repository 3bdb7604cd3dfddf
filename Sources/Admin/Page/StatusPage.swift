import Telemetry

/// `/`: what runs here, and how it is.
enum StatusPage {
    static let path = "/"
    static let route = AdminRoute(
        method: .get,
        path: path,
        summary: "What runs here and how it is, for people.",
        answers: [.init(status: 200, contentType: PageShell.contentType, summary: "A page of HTML.")],
        metricPath: .other,
        handler: .later(patience: AdminRoute.patience) { response(await .take($0)) }
    )

    static func response(_ snapshot: PageSnapshot) -> AdminResponse {
        PageShell.response(snapshot, path: path, title: snapshot.state, main: main(snapshot))
    }

    private static func main(_ snapshot: PageSnapshot) -> HTML {
        """
        \(state(snapshot))
        <section aria-labelledby="now"><h2 id="now">Now</h2><dl class="tiles">
        \(tiles(snapshot))</dl></section>
        <section aria-labelledby="hour"><h2 id="hour">Last hour</h2><div class="charts">
        \(snapshot.hour.charts.map(\.html))</div>
        \(ChartTable(id: "hour-table", summary: "The last hour in numbers", charts: snapshot.hour.charts).html)</section>
        \(past(snapshot))
        <div class="columns wide">
        \(StatusTables.rates(snapshot))\(StatusTables.latency(snapshot))</div>
        <div class="columns">
        \(StatusTables.outcomes(snapshot))</div>
        """
    }

    private static func state(_ snapshot: PageSnapshot) -> HTML {
        let checks = snapshot.checks.map { check -> HTML in
            """
            <li class="\(check.isGood ? "good" : "bad")"><span aria-hidden="true">\(check.isGood ? "✓" : "✗")</span> \
            \(check.name): \(check.words)</li>
            """
        }
        return """
            <section class="state \(snapshot.isReady ? "good" : "bad")" aria-labelledby="state">
            <h2 id="state"><span aria-hidden="true">\(snapshot.isReady ? "✓" : "✗")</span> \
            \(snapshot.state)\(snapshot.isReady ? "" : ", not ready for clients")</h2>
            <p>up for \(Figure.age(snapshot.uptime))</p>
            <ul class="checks" aria-label="Checks">\(checks)</ul>
            </section>
            """
    }

    private static func tiles(_ snapshot: PageSnapshot) -> [HTML] {
        func level(_ level: PageSnapshot.Level) -> String { Figure.count.text(snapshot.levels[level]) }
        let relayed = snapshot.rates.first { $0.name == "relayed bytes" }
        let past = snapshot.past.past
        return [
            tile("Active transfers", level(.activeTransfers), "waiting for a partner: \(level(.waitingTransfers))"),
            tile("Relaying", Figure.bytesPerSecond.text(relayed?.rates.first ?? nil), "over ten seconds"),
            tile(
                "Open connections",
                Figure.count.text(
                    (snapshot.levels[.mailboxConnections] ?? 0) + (snapshot.levels[.relayConnections] ?? 0)
                ),
                "mailbox \(level(.mailboxConnections)), relay \(level(.relayConnections))"
            ),
            tile("Open mailboxes", level(.mailboxes), "codes \(level(.nameplates)), messages \(level(.messages))"),
            tile("Today", Figure.bytes.text(past.map { Double($0.today.bytes) }), finished(past?.today)),
            tile("This month", Figure.bytes.text(past.map { Double($0.thisMonth.bytes) }), finished(past?.thisMonth)),
        ]
    }

    private static func finished(_ slot: Past.Slot?) -> String {
        guard let slot else { return "not known" }
        return "\(Figure.count.text(slot.ended(.transit, "happy"))) transfers (UTC)"
    }

    private static func tile(_ name: String, _ figure: String, _ detail: String) -> HTML {
        "<div><dt>\(name)</dt><dd><strong>\(figure)</strong> <small>\(detail)</small></dd></div>\n"
    }

    private static func past(_ snapshot: PageSnapshot) -> HTML {
        let content: HTML =
            if let past = snapshot.past.past {
                """
                <div class="charts">
                \(PastRange.allCases.map { $0.bytes(past, title: $0.title).html })</div>
                \(PastRange.allCases.map { range in
                    ChartTable(
                        id: "\(range.rawValue)-table",
                        summary: "\(range.title), in numbers",
                        charts: [range.bytes(past)]
                    ).html
                })
                """
            } else {
                ""
            }
        return """
            <section aria-labelledby="past"><h2 id="past">Relayed before</h2>
            \(problem(snapshot.past))\(content)
            <p><a href="\(HistoryPage.path)">Transfers, codes and mailboxes of the last day, month and year</a></p></section>
            """
    }

    /// Why there are no numbers, or only old ones.
    static func problem(_ answer: PastReader.Answer) -> HTML {
        guard let problem = answer.problem else { return "" }
        let age = answer.past.map { past in
            let time = UTCTime(Int(past.time))
            return " What is shown is of \(time.date) \(time.exactClock) UTC."
        }
        return "<p class=\"problem\"><span aria-hidden=\"true\">⚠</span> \(problem)\(age ?? "")</p>"
    }
}
