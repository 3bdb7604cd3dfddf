import Appliance
import ArgumentParser
import Glibc
import Logging

/// How the process ends, and what it says.
struct ProcessOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long relayed pairs may go on after SIGTERM or SIGINT.", valueName: "seconds")
    )
    var drainTimeout = 10.0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How often the server meets itself through its own listeners, for wormhole_selftest_*; 0: never.",
            valueName: "seconds"
        )
    )
    var selftestInterval = 60.0

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Count binds of this client version for itself in wormhole_mailbox_client_binds_total; may be repeated, 32 times at most.",
            valueName: "version"
        )
    )
    var metricsVersion: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The least important messages shown on standard error: trace, debug, info, notice, warning, error, critical.",
            valueName: "level"
        ),
        transform: Self.level
    )
    var logLevel = Logger.Level.info

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Append these messages to a file instead; '-' is standard output, '+' standard error.",
            valueName: "file"
        )
    )
    var logFile: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How messages are written: text, for people; json, one object a line.", valueName: "format")
    )
    var logFormat = LogFormat.text

    func validate() throws {
        guard metricsVersion.count <= 32, metricsVersion.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
            throw ValidationError("--metrics-version takes 32 versions at most, of 1 to 64 bytes each.")
        }
        guard (0...31_536_000).contains(drainTimeout) else {
            throw ValidationError("--drain-timeout takes a number of seconds that is not negative.")
        }
        guard (0...31_536_000).contains(selftestInterval) else {
            throw ValidationError("--selftest-interval takes a number of seconds that is not negative.")
        }
    }

    func apply(to configuration: inout ApplianceConfiguration) {
        configuration.drainTimeout = .seconds(drainTimeout)
        configuration.logLevel = logLevel
        configuration.logFormat = logFormat
        switch logFile {
        case nil, "+": configuration.logFile = nil
        case "-": configuration.logFile = "/dev/stdout"
        case let path?: configuration.logFile = path
        }
        configuration.selfTestInterval = .seconds(selftestInterval)
        configuration.listedVersions = metricsVersion
    }

    private static func level(_ text: String) throws -> Logger.Level {
        // The original's word.
        if text == "warn" { return .warning }
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("There is no log level '\(text)'.")
        }
        return level
    }
}

extension LogFormat: ExpressibleByArgument {}

extension SettingOrigins {
    /// Those of this process.
    static var ofProcess: Self {
        var environment: Set<String> = []
        if processEnvironment("STATE_DIRECTORY") != nil { environment.insert("state-dir") }
        if processEnvironment("CREDENTIALS_DIRECTORY") != nil { environment.insert("admin-token-file") }
        return Self(arguments: CommandLine.arguments, environment: environment)
    }
}

/// The value of an environment variable.
func processEnvironment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
