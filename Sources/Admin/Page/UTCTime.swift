import Glibc

/// A second of the wall clock as people read it, in UTC.
struct UTCTime {
    private let fields: tm

    /// - Parameter seconds: Since 1970.
    init(_ seconds: Int) {
        var time = time_t(seconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        self.fields = fields
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `14:05`
    var clock: String { "\(two(fields.tm_hour)):\(two(fields.tm_min))" }
    /// `14:05:09`
    var exactClock: String { "\(clock):\(two(fields.tm_sec))" }
    /// `3 Nov`
    var day: String { "\(fields.tm_mday) \(month)" }
    /// `Nov`
    var month: String { Self.months[Int(min(max(0, fields.tm_mon), 11))] }
    /// `2026-11-03`
    var date: String { "\(Int(fields.tm_year) + 1900)-\(two(fields.tm_mon + 1))-\(two(fields.tm_mday))" }

    var dayOfMonth: Int { Int(fields.tm_mday) }
    /// From 0.
    var monthOfYear: Int { Int(fields.tm_mon) }

    private func two(_ value: CInt) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
