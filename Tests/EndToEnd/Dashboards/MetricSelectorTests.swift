import Testing

@Suite("Metric selectors")
struct MetricSelectorTests {
    @Test("metrics are told from functions, labels, operators and numbers")
    func selectors() throws {
        let found = try MetricSelector.all(
            in: """
                histogram_quantile(0.99, sum by (le, class) (rate(a_bucket{x="1", y=~"$y"}[$__rate_interval])))
                  / ignoring (class) group_left sum(b) > 1e3 and on (job, instance) c:d:rate5m offset 1w or (e{z="(\\[{"})
                """
        )
        let matchers = [MetricSelector.Matcher("x", "=", "1"), MetricSelector.Matcher("y", "=~", "$y")]
        #expect(
            found == [
                MetricSelector(metric: "a_bucket", matchers: matchers, range: "$__rate_interval", function: "rate"),
                MetricSelector(metric: "b", matchers: [], range: nil, function: "sum"),
                MetricSelector(metric: "c:d:rate5m", matchers: [], range: nil, function: nil),
                MetricSelector(
                    metric: "e",
                    matchers: [MetricSelector.Matcher("z", "=", "(\\[{")],
                    range: nil,
                    function: nil
                ),
            ]
        )
    }

    @Test("what is not understood is an error", arguments: ["sum(a", "a)", "a{b}", "a{b=\"c}", "a[5m"])
    func nonsense(expression: String) {
        #expect(throws: UnreadableExpression.self) { try MetricSelector.all(in: expression) }
    }
}
