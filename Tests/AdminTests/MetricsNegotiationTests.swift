import Telemetry
import TestSupport
import Testing

@testable import Admin

@Suite("Which format of the metrics a client gets")
struct MetricsNegotiationTests {
    private static let text = "text/plain; version=0.0.4; charset=utf-8"
    private static let openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private static let cases: [(String?, String)] = [
        (nil, text), ("", text), ("*/*", text), ("text/plain", text), ("text/html", text), ("application/json", text),
        ("application/openmetrics-text", openMetrics), ("APPLICATION/OpenMetrics-Text; Version=1.0.0", openMetrics),
        ("application/openmetrics-text;version=0.0.1", text), ("application/openmetrics-text;version=2.0.0", text),
        ("application/*", openMetrics), ("text/*, application/*;q=0.9", text),
        ("text/plain;q=0.5, application/openmetrics-text;q=0.6", openMetrics),
        ("text/plain;q=0.7, application/openmetrics-text;q=0.6", text),
        ("text/plain, application/openmetrics-text", text), ("application/openmetrics-text, text/plain", openMetrics),
        ("*/*, application/openmetrics-text", openMetrics), ("*/*;q=0.9, application/openmetrics-text;q=0.8", text),
        ("application/openmetrics-text;q=0", text),
        ("text/plain;q=0, application/openmetrics-text;q=0.001", openMetrics),
        ("text/plain;version=1.0.0, application/openmetrics-text;q=0.1", openMetrics),
        ("application/openmetrics-text;version=\"1.0.0\";q=1", openMetrics),
        ("application/openmetrics-text;q=2, text/plain;q=0.1", text), ("application/openmetrics-text;q=x", text),
        (";;;,,,/;=,\"", text),
        ("application/openmetrics-text;a=\",text/plain;q=1\";q=0.5, text/plain;q=0.4", openMetrics),
        // Prometheus 2.42, and 3.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", openMetrics
        ),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics + "; escaping=allow-utf-8"
        ),
        ("application/openmetrics-text;escaping=evil\r\nX: y", openMetrics),
        ("text/plain;version=0.0.4;escaping=underscores", text + "; escaping=underscores"),
    ]

    @Test("the known one it likes best, and text as the last resort", arguments: cases.indices)
    func choice(index: Int) {
        let (accept, contentType) = Self.cases[index]
        let (format, chosen) = MetricsRoute.negotiate(accept)
        #expect(chosen == contentType, "\(accept ?? "none")")
        #expect((format == .openMetrics) == contentType.hasPrefix("application/"))
    }

    @Test("no header can do harm", arguments: 0..<50 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "text/plain", "application/openmetrics-text", "*/*", "application", "/", ";", ",", "=", "q", "0.5", "1e9",
            "nan",
            "\"", "\\", " ", "\t", "version=1.0.0", "escaping=dots", "\u{0}", "\u{1F600}", "é", "q=",
        ]
        for _ in 0..<200 {
            let header = (0..<Int.random(in: 0..<40, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            let (_, contentType) = MetricsRoute.negotiate(header)
            #expect(contentType.hasPrefix(Self.text) || contentType.hasPrefix(Self.openMetrics))
            #expect(contentType.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(header.debugDescription)")
            for range in AcceptHeader(header).ranges { #expect((0...1).contains(range.weight)) }
        }
        #expect(AcceptHeader(String(repeating: "*/*,", count: 10_000)).ranges.count == AcceptHeader.maximumRanges)
    }
}
