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

    @Test("OpenMetrics names families without _total, tells units, and writes bounds as every program does")
    func openMetrics() {
        var layout = MetricLayout()
        let counter = layout.counter("a_seconds_total", "\"Time\".", unit: .seconds, .stable, labels: TaskResult.self)
        let gauge = layout.gauge("b_fds", "Goes up.", unit: .descriptors, .detail)
        let histogram = layout.histogram(
            "c_bytes",
            "Sizes.",
            unit: .bytes,
            bounds: [0.5, 1, 65536, 1e6, 1.5e10],
            .stable
        )
        counter.add(0.25, .success)
        gauge.set(1e6)
        histogram.observe(2)
        #expect(
            String(decoding: Exposition(layout.families, as: .openMetrics).text(), as: UTF8.self) == """
                # TYPE a_seconds counter
                # UNIT a_seconds seconds
                # HELP a_seconds \\"Time\\".
                a_seconds_total{result="success"} 0.25
                a_seconds_total{result="failure"} 0
                # TYPE b_fds gauge
                # HELP b_fds Goes up.
                b_fds 1000000
                # TYPE c_bytes histogram
                # UNIT c_bytes bytes
                # HELP c_bytes Sizes.
                c_bytes_bucket{le="0.5"} 0
                c_bytes_bucket{le="1.0"} 0
                c_bytes_bucket{le="65536.0"} 1
                c_bytes_bucket{le="1e+06"} 1
                c_bytes_bucket{le="1.5e+10"} 1
                c_bytes_bucket{le="+Inf"} 1
                c_bytes_sum 2
                c_bytes_count 1
                # EOF

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
