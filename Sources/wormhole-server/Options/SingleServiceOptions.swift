import Appliance
import ArgumentParser

/// What `mailbox` and `transit` have in common, and `start` with other defaults.
struct SingleServiceOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("Record usage in this SQLite database.", valueName: "file"))
    var usageDb: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Round recorded start times down to a multiple of this; 0: exact.", valueName: "seconds")
    )
    var blurUsage = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Where /metrics and its neighbours are (default: nowhere).", valueName: "endpoint")
    )
    var admin = EndpointText.none

    @OptionGroup(title: "Admin endpoint")
    var adminOptions: AdminOptions

    func validate() throws {
        try RecordLogOptions.checkBlur(blurUsage)
    }

    func apply(to configuration: inout ApplianceConfiguration) throws {
        configuration.admin = try EndpointText.endpoint(admin)
        try adminOptions.apply(to: &configuration, folder: nil)
        configuration.records.databasePath = usageDb
        configuration.records.blurSeconds = blurUsage
    }
}
