import Telemetry

/// `/history`: the last day, month and year.
enum HistoryPage {
    static let path = "/history"
    static let route = AdminRoute(
        method: .get,
        path: path,
        summary: "What happened in the last day, month and year, for people.",
        answers: [.init(status: 200, contentType: PageShell.contentType, summary: "A page of HTML.")],
        metricPath: .other,
        handler: .later(patience: AdminRoute.patience) { response(await .take($0)) }
    )

    static func response(_ snapshot: PageSnapshot) -> AdminResponse {
        let answer = snapshot.past
        let sections =
            answer.past.map { past in PastRange.allCases.map { section($0, past) } } ?? ["<h2>No history</h2>\n"]
        return PageShell.response(
            snapshot,
            path: path,
            title: "history",
            main: "\(sections)\(StatusPage.problem(answer))"
        )
    }

    private static func section(_ range: PastRange, _ past: Past) -> HTML {
        let charts = [range.bytes(past)] + OutcomeKind.allCases.map { range.outcomes(past, $0) }
        let name = range.rawValue
        return """
            <section aria-labelledby="\(name)"><h2 id="\(name)">\(range.title)</h2><div class="charts large">
            \(charts.map(\.html))</div>
            \(ChartTable(id: "\(name)-table", summary: "\(range.title), in numbers", charts: charts).html)</section>

            """
    }
}
