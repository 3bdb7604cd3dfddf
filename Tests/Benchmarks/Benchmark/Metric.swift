/// One figure of a scenario, and what it has to reach.
struct Metric: Sendable {
    /// The key of a ``Sample``.
    let name: String
    let unit: Unit
    /// What is shown for reading the others, and has no target.
    var targets: [Target] = []

    /// How a figure is kept and shown. Values are in seconds, bytes, or so many per second.
    enum Unit: String, Codable, Sendable {
        case microseconds = "us"
        case milliseconds = "ms"
        case seconds = "s"
        case secondsPerGigabyte = "s/GB"
        case perSecond = "/s"
        case megabytesPerSecond = "MB/s"
        case bytes = "B"
        case megabytes = "MB"
        case percent = "%"
        case count = ""

        /// What a value is multiplied with to be shown in this unit.
        var scale: Double {
            switch self {
            case .microseconds: 1e6
            case .milliseconds: 1e3
            case .secondsPerGigabyte: 1e9
            case .megabytesPerSecond, .megabytes: 1e-6
            case .percent: 100
            case .seconds, .perSecond, .bytes, .count: 1
            }
        }
    }
}

/// What ours has to reach, in a scenario in which it stands beside others.
enum Target: Sendable {
    /// At most so many times the other's figure.
    case atMost(Double, of: Contender)
    /// At least so many times the other's figure.
    case atLeast(Double, of: Contender)
    /// At most this, whatever the others need; with the reason.
    case within(Double, reason: String)
}

/// The figures of one measurement of one contender, by the names of their metrics.
typealias Sample = [String: Double]
