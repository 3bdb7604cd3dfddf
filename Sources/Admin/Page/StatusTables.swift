/// The tables of the status page.
enum StatusTables {
    static func rates(_ snapshot: PageSnapshot) -> HTML {
        let rows = snapshot.rates.map { rate in
            (rate.name, rate.rates.map { rate.figure.text($0) } + [rate.figure.text(rate.sinceStart)])
        }
        return table(
            "rates",
            "Rates",
            "A second, over",
            PageSnapshot.spans.map(\.name) + ["in all"],
            rows
        )
    }

    static func latency(_ snapshot: PageSnapshot) -> HTML {
        let rows = snapshot.latency.rows.map { row in
            (
                row.name,
                row.times.map { time in
                    guard row.count > 0 else { return Figure.none }
                    return time.map { Figure.seconds.text($0) } ?? "over \(Figure.seconds.text(row.bound))"
                } + [Figure.count.text(row.count)]
            )
        }
        return table(
            "latency",
            "Latency",
            "Last hour, estimated; at most",
            LatencyReport.shares.map(\.name) + ["number"],
            rows
        )
    }

    static func outcomes(_ snapshot: PageSnapshot) -> HTML {
        let past = snapshot.past.past
        let slots: [Past.Slot?] = [past?.today, past.map { Past.Slot($0.days) }]
        return "\(snapshot.outcomes.map { outcome in one(outcome, slots) })"
    }

    private static func one(_ outcome: PageSnapshot.Outcome, _ slots: [Past.Slot?]) -> HTML {
        let rows = zip(outcome.kind.results, outcome.counts).map { result, count in
            (
                result,
                [Figure.count.text(count)]
                    + slots.map { slot in Figure.count.text(slot.map { Double($0.ended(outcome.kind, result)) }) }
            )
        }
        return table(
            "ends-\(outcome.kind.rawValue)",
            "\(outcome.kind.title) by outcome",
            "That have ended",
            ["since the start", "today", "30 days"],
            rows
        )
    }

    private static func table(
        _ id: String,
        _ title: String,
        _ corner: String,
        _ columns: [String],
        _ rows: [(name: String, cells: [String])]
    ) -> HTML {
        let head = columns.map { column -> HTML in "<th scope=\"col\">\(column)</th>" }
        let body = rows.map { row -> HTML in
            let cells = row.cells.map { cell -> HTML in "<td>\(cell)</td>" }
            return "<tr><th scope=\"row\">\(row.name)</th>\(cells)</tr>\n"
        }
        return """
            <section aria-labelledby="\(id)"><h2 id="\(id)">\(title)</h2>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="\(id)"><table class="numbers">
            <thead><tr><th scope="col">\(corner)</th>\(head)</tr></thead>
            <tbody>\(body)</tbody></table></div></section>

            """
    }
}
