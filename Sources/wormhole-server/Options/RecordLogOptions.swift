import Appliance
import ArgumentParser
import Telemetry

/// The lines of JSON about what is over, and which kinds of them.
struct RecordLogOptions: ParsableArguments {
    /// The kinds that are written unless `--log-kinds` names others: what the original wrote.
    enum StandardKinds {
        case all, transit, none

        var kinds: Set<RecordKind> {
            switch self {
            case .all: Set(RecordKind.allCases)
            case .transit: [.transit]
            case .none: []
            }
        }
    }

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Write a line of JSON for each record to this open descriptor.", valueName: "descriptor")
    )
    var logFd: Int32?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Which records get a line, separated by commas: \(RecordKind.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "kinds"
        ),
        transform: Self.kinds
    )
    var logKinds: Set<RecordKind>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            standard, or strict: durations are rounded to the window of --blur-usage as well, and records and metrics \
            follow at its end.
            """,
            valueName: "mode"
        )
    )
    var privacy = Privacy.standard

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Delete rows from the usage database when they are this old (default: never); totals stay.",
            valueName: "days"
        )
    )
    var usageRetention: Int?

    /// How much records and metrics may tell beyond the window.
    enum Privacy: String, ExpressibleByArgument, CaseIterable {
        case standard, strict
    }

    func validate() throws {
        if let logFd, logFd < 0 { throw ValidationError("A descriptor is not negative.") }
        if let usageRetention, !(1...36_500).contains(usageRetention) {
            throw ValidationError("--usage-retention takes a number of days from 1 to 36500.")
        }
    }

    /// - Throws: `ValidationError` when privacy is to be strict without a window. Call after the window is known.
    func apply(to settings: inout RecordSettings, standardKinds: StandardKinds) throws {
        settings.logDescriptor = logFd
        settings.logKinds = logKinds ?? standardKinds.kinds
        settings.hasStrictPrivacy = privacy == .strict
        settings.retentionSeconds = usageRetention.map { $0 * 86400 }
        guard !settings.hasStrictPrivacy || settings.blurSeconds > 0 else {
            throw ValidationError("--privacy=strict needs a window: give --blur-usage a number of seconds above 0.")
        }
    }

    /// - Throws: `ValidationError` for a window that is negative, or longer than a century.
    static func checkBlur(_ seconds: Int) throws {
        guard (0...3_153_600_000).contains(seconds) else {
            throw ValidationError("--blur-usage takes a number of seconds that is not negative.")
        }
    }

    private static func kinds(_ text: String) throws -> Set<RecordKind> {
        var kinds: Set<RecordKind> = []
        for word in text.split(separator: ",") {
            guard let kind = RecordKind(rawValue: String(word)) else {
                throw ValidationError("There is no kind of record '\(word)'.")
            }
            kinds.insert(kind)
        }
        return kinds
    }
}
