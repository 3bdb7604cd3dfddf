import Appliance
import ArgumentParser

/// Which usage database: found as `start` finds it.
struct UsageDatabaseOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The usage database, in the state folder.", valueName: "file")
    )
    var usageDb = "usage.sqlite"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The folder of the databases (default: $STATE_DIRECTORY if set, else the current directory).",
            valueName: "folder"
        )
    )
    var stateDir: String?

    var path: String {
        let folder = stateDir ?? StateDirectory.standard(environment: processEnvironment)
        return StateDirectory.path(of: usageDb, in: folder)
    }
}
