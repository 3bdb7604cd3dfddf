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

    func validate() throws {
        if let logFd, logFd < 0 { throw ValidationError("A descriptor is not negative.") }
    }

    func apply(to settings: inout RecordSettings, standardKinds: StandardKinds) {
        settings.logDescriptor = logFd
        settings.logKinds = logKinds ?? standardKinds.kinds
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
