import Observations
import Testing

@testable import Telemetry

@Suite("The text format of metrics")
struct ExpositionTests {
    @Test("families, labels, buckets and numbers are written as Prometheus reads them")
    func golden() {
        var layout = MetricLayout()
        layout.information("a_info", "Always \\ 1,\nin two lines.", ["path": "C:\\x \"y\"\nz"])
        let counter = layout.counter(
            "b_total",
            "Counts.",
            unit: .errors,
            .stable,
            labels: TaskResult.self,
            MessageDirection.self
        )
        let gauge = layout.gauge(
            "c",
            "Goes up and down.",
            unit: .bytes,
            .detail,
            labels: SideCount.self,
            shown: { $0 != ["paired"] && $0 != ["crowded"] }
        )
        let histogram = layout.histogram(
            "d_seconds",
            "Times.",
            unit: .seconds,
            bounds: [0.001, 1, 2.5],
            .stable,
            labels: TaskResult.self
        )
        counter.add(3, .failure, .received)
        counter.add(0.5, .failure, .received)
        gauge.set(-7, .crowded)
        for value in [0.001, 0.0011, 1, 2.6, 1e9] { histogram.observe(value, .success) }
        #expect(
            String(decoding: Exposition(layout.families).text(), as: UTF8.self) == """
                # HELP a_info Always \\\\ 1,\\nin two lines.
                # TYPE a_info gauge
                a_info{path="C:\\\\x \\"y\\"\\nz"} 1
                # HELP b_total Counts.
                # TYPE b_total counter
                b_total{result="success",direction="received"} 0
                b_total{result="success",direction="delivered"} 0
                b_total{result="failure",direction="received"} 3.5
                b_total{result="failure",direction="delivered"} 0
                # HELP c Goes up and down.
                # TYPE c gauge
                c{state="lonely"} 0
                c{state="crowded"} -7
                # HELP d_seconds Times.
                # TYPE d_seconds histogram
                d_seconds_bucket{result="success",le="0.001"} 1
                d_seconds_bucket{result="success",le="1"} 3
                d_seconds_bucket{result="success",le="2.5"} 3
                d_seconds_bucket{result="success",le="+Inf"} 5
                d_seconds_sum{result="success"} 1000000003.6021
                d_seconds_count{result="success"} 5
                d_seconds_bucket{result="failure",le="0.001"} 0
                d_seconds_bucket{result="failure",le="1"} 0
                d_seconds_bucket{result="failure",le="2.5"} 0
                d_seconds_bucket{result="failure",le="+Inf"} 0
                d_seconds_sum{result="failure"} 0
                d_seconds_count{result="failure"} 0

                """
        )
    }

    @Test(
        "numbers are exact and short",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-12, "-12"), (0.1, "0.1"), (1e-7, "1e-07"),
            (1_795_233_643.058573, "1795233643.058573"),
            (9_007_199_254_740_991, "9007199254740991"), (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"),
        ] as [(Double, String)]
    )
    func numbers(value: Double, text: String) {
        #expect(MetricNumber.text(value) == text)
    }
}
