import TestSupport
import Testing

@testable import Admin

@Suite("Charts")
struct ChartTests {
    private static let span = ChartSpan(start: 1_700_000_000 / 60 * 60, slots: 4, slotLength: 60, ticks: .minutes)

    private func chart(_ values: [Double?]..., form: Chart.Form = .lines, figure: Figure = .bytes) -> Chart {
        let names = ["one", "two"]
        return Chart(
            id: "test",
            title: "Title",
            figure: figure,
            form: form,
            span: Self.span,
            series: values.enumerated().map { Chart.Series(name: names[$0.offset], values: $0.element) }
        )
    }

    private func count(_ piece: String, in html: HTML) -> Int { html.text.ranges(of: piece).count }

    private static let scales: [(largest: Double?, isWhole: Bool, top: Double, step: Double)] = [
        (nil, true, 1, 1), (0, true, 1, 1), (1, true, 1, 1), (2, true, 2, 1), (3, true, 3, 1), (5, true, 6, 2),
        (100, true, 100, 50), (101, true, 150, 50), (1e9, true, 1e9, 5e8), (0.3, false, 0.3, 0.1), (-4, true, 1, 1),
        (.nan, true, 1, 1), (.infinity, true, 1, 1), (1e300, true, 1, 1), (999_999, false, 1_000_000, 500_000),
    ]

    @Test("an axis ends at a round number that is not below the largest, with two to six ticks", arguments: scales)
    func scale(largest: Double?, isWhole: Bool, top: Double, step: Double) {
        let scale = ChartScale(upTo: largest, isWhole: isWhole)
        #expect(abs(scale.top - top) < top * 1e-9)
        #expect(abs(scale.ticks[1] - step) < step * 1e-9)
        #expect(scale.ticks.first == 0 && abs((scale.ticks.last ?? 0) - scale.top) < top * 1e-9)
    }

    @Test("any number gets a usable axis")
    func anyScale() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let largest =
                Double.random(in: 0..<10, using: &random) * [1e-6, 1e-3, 1, 1e6, 1e15].randomElement(using: &random)!
            for isWhole in [false, true] {
                let scale = ChartScale(upTo: largest, isWhole: isWhole)
                #expect(scale.top >= largest * 0.999)
                #expect((2...6).contains(scale.ticks.count), "\(largest)")
            }
        }
    }

    @Test("without a number a chart says so, and has its axes")
    func empty() {
        for chart in [chart([nil, nil, nil, nil]), chart([]), chart([nil, nil], [nil, nil], form: .bars)] {
            #expect(chart.svg.text.contains(">nothing is known yet</text>"))
            #expect(chart.svg.text.contains("<desc id=\"test-desc\">Nothing is known yet.</desc>"))
            #expect(count("class=\"axis\"", in: chart.svg) >= 2)
            #expect(count("class=\"line", in: chart.svg) + count("class=\"bar", in: chart.svg) == 0)
        }
    }

    @Test("bars of nothing are said to be so, and have no scale; a line at zero is drawn")
    func nothing() {
        let bars = chart([0, 0, nil, 0], [0, nil, nil, nil], form: .bars)
        #expect(bars.svg.text.contains(">nothing in this time</text>"))
        #expect(count("class=\"grid\"", in: bars.svg) == 0 && count("class=\"bar", in: bars.svg) == 0)
        #expect(bars.svg.text.contains(">0 B</text>") && !bars.svg.text.contains(">1 B</text>"))
        #expect(chart([0, 0, nil, 0.001], form: .bars).remark == nil)
        #expect(chart([0, 0, 0, 0]).remark == nil)
    }

    @Test("one point is a dot, two are a line, a gap is no line")
    func points() {
        let one = chart([nil, 5, nil, nil]).svg
        #expect(count("<circle", in: one) == 1 && count("class=\"line", in: one) == 0)
        let gap = chart([1, 2, nil, 4]).svg
        #expect(count("<circle", in: gap) == 1 && count("class=\"line", in: gap) == 1)
        #expect(!gap.text.contains("nothing is known"))
        let whole = chart([0, 0, 0, 0], figure: .count).svg
        #expect(whole.text.contains("M104.5 176L185.5 176L266.5 176L347.5 176\""), "along the axis: \(whole.text)")
        let odd = chart([.nan, .infinity, -3, 4]).svg
        #expect(!odd.text.contains("nan") && !odd.text.contains("inf"))
    }

    @Test("bars stand upon each other, and what is there is seen")
    func bars() {
        let chart = chart([10, 0, nil, 0.001], [10, 5, nil, nil], form: .bars, figure: .count)
        #expect(chart.scale.top == 20)
        #expect(count("class=\"bar b0\"", in: chart.svg) == 2)
        #expect(count("class=\"bar b1\"", in: chart.svg) == 2)
        #expect(chart.svg.text.contains("y=\"93\" width=\"64.8\" height=\"83\"><title>22:13:00: 10 one</title>"))
        #expect(chart.svg.text.contains("y=\"10\" width=\"64.8\" height=\"83\"><title>22:13:00: 10 two</title>"))
        #expect(chart.svg.text.contains("y=\"175\" width=\"64.8\" height=\"1\""))
    }

    @Test("a reader who does not see it is told the latest and the highest, and has a table")
    func words() {
        let chart = chart([1000, 2_500_000, nil, 10], [nil, nil, nil, nil])
        #expect(chart.summary == "one: latest 10 B, highest 2.5 MB at 22:14:00 UTC. two: nothing is known.")
        let table = ChartTable(id: "t", summary: "Numbers", charts: [chart]).html.text
        #expect(table.contains("<tr><th scope=\"row\">22:14:00</th><td>2.5 MB</td><td>–</td></tr>"))
        #expect(table.matches(of: /<tr><th scope="row">/).count == 3, "a row without numbers is left out")
        let rows = table.matches(of: /row">([0-9:]+)</).map(\.1)
        #expect(rows == ["22:16:00", "22:14:00", "22:13:00"], "the newest first")
    }

    private static let ticks: [(ChartSpan, [String])] = [
        (
            ChartSpan(start: 1_700_000_000, slots: 60, slotLength: 10, ticks: .minutes),
            ["22:14", "22:16", "22:18", "22:20", "22:22"]
        ),
        (
            ChartSpan(start: 1_700_000_000, slots: 60, slotLength: 60, ticks: .minutes),
            ["22:20", "22:30", "22:40", "22:50", "23:00", "23:10"]
        ),
        (
            ChartSpan(start: 1_699_999_200, slots: 24, slotLength: 3600, ticks: .hours),
            ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]
        ),
        (
            ChartSpan(start: 1_697_414_400, slots: 30, slotLength: 86_400, ticks: .days),
            ["17 Oct", "24 Oct", "31 Oct", "7 Nov", "14 Nov"]
        ),
        (
            ChartSpan(start: 1_668_556_800, slots: 52, slotLength: 604_800, ticks: .months),
            ["Jan", "Mar", "May", "Jul", "Sep", "Nov"]
        ),
    ]

    @Test("time axes have round times", arguments: ticks)
    func marks(span: ChartSpan, labels: [String]) {
        #expect(span.marks.map(\.label) == labels)
        #expect(span.marks.allSatisfy { $0.time >= span.start && $0.time < span.end })
    }

    private static let figures: [(Figure, Double?, String)] = [
        (.bytes, 0, "0 B"), (.bytes, 999, "999 B"), (.bytes, 999.9, "1 kB"), (.bytes, 1_234_567, "1.2 MB"),
        (.bytes, 123_456_789, "123 MB"), (.bytes, 999_999_999, "1 GB"), (.bytes, 8e18, "8,000 PB"),
        (.bytesPerSecond, 1500, "1.5 kB/s"), (.count, 1_234_567, "1,234,567"), (.count, 99.96, "100"),
        (.perSecond, 0.25, "0.25"), (.perSecond, 0.0123, "0.012"), (.seconds, 0.0012, "1.2 ms"),
        (.seconds, 0.9999, "1 s"),
        (.seconds, 90, "90 s"), (.seconds, 600, "10 min"), (.seconds, 3600 * 5, "5 h"), (.seconds, 0, "0 s"),
        (.count, nil, "–"), (.count, .nan, "–"), (.bytes, -1, "–"), (.count, 1e300, "–"),
    ]

    @Test("numbers are short and have a unit", arguments: figures)
    func figure(figure: Figure, value: Double?, text: String) {
        #expect(figure.text(value) == text)
    }
}
