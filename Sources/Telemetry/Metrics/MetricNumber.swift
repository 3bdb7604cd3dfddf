/// Numbers as Prometheus reads them.
enum MetricNumber {
    static func text(_ value: Double) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A bound as OpenMetrics wants it, the same from every program: as Go writes a floating-point number, with `.0` behind one
    /// that would look like a whole number, and with an exponent of two digits from a million on.
    static func canonical(_ value: Double) -> String {
        guard let whole = Int64(exactly: value) else { return text(value) }
        guard whole.magnitude >= 1_000_000 else { return "\(whole).0" }
        var digits = String(whole.magnitude)
        let exponent = digits.utf8.count - 1
        while digits.hasSuffix("0") { digits.removeLast() }
        if digits.utf8.count > 1 { digits.insert(".", at: digits.index(after: digits.startIndex)) }
        return "\(whole < 0 ? "-" : "")\(digits)e+\(exponent < 10 ? "0" : "")\(exponent)"
    }

    /// Whole numbers without a fraction, others as short as they can be read back exactly.
    static func append(_ value: Double, to text: inout [UInt8]) {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
            append(whole, to: &text)
        } else if value.isFinite {
            text += value.description.utf8
        } else {
            text += (value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf").utf8
        }
    }

    /// Without a string in between, for there are hundreds in each scrape.
    private static func append(_ whole: Int64, to text: inout [UInt8]) {
        if whole < 0 { text.append(UInt8(ascii: "-")) }
        let start = text.count
        var rest = whole.magnitude
        repeat {
            text.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }
}
