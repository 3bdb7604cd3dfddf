import ArgumentParser
import Foundation
import WormholeWire

/// A time as an operator writes it: a date, a date and time, Unix seconds, or an age such as `36h` or `7d`. UTC.
struct UsageTime: ExpressibleByArgument, Equatable {
    let text: String

    init?(argument: String) {
        text = argument
        guard time(at: Timestamp(seconds: 0)) != nil else { return nil }
    }

    /// - Parameter now: What an age is counted from.
    func time(at now: Timestamp) -> Timestamp? {
        if let unit = text.last.flatMap({ ["h": 3600, "d": 86400, "w": 604_800][$0] }),
            let number = Int(text.dropLast()),
            (0...1_000_000).contains(number)
        {
            return now - .seconds(number * unit)
        }
        if let seconds = Double(text), (0...1e11).contains(seconds) { return Timestamp(seconds: seconds) }
        for format in [
            "yyyy-MM-dd'T'HH:mm:ssZ", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm", "yyyy-MM-dd",
        ] {
            let formatter = Self.formatter(format)
            if let date = formatter.date(from: text) { return Timestamp(seconds: date.timeIntervalSince1970) }
        }
        return nil
    }

    /// A time as `2026-11-21 10:00`, or as a date alone.
    static func text(_ time: Timestamp, dateOnly: Bool = false) -> String {
        formatter(dateOnly ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm").string(from: Date(timeIntervalSince1970: time.seconds))
    }

    /// A time as `2026-11-21T10:00:00Z`, for programs.
    static func machineText(_ time: Timestamp) -> String {
        formatter("yyyy-MM-dd'T'HH:mm:ss'Z'").string(from: Date(timeIntervalSince1970: time.seconds))
    }

    private static func formatter(_ format: String) -> DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = format
        return formatter
    }
}
