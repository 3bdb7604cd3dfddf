import Appliance
import ArgumentParser

/// Who may come in at all.
struct AccessOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Let nobody in from the ranges of addresses in this file, a range such as 192.0.2.0/24 a line. Read again on SIGHUP; this host \
            and Unix sockets always may.
            """,
            valueName: "file"
        )
    )
    var denyFile: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Let in nobody else than from the ranges in this file.", valueName: "file")
    )
    var allowFile: String?

    func apply(to configuration: inout ApplianceConfiguration) {
        configuration.denyFile = denyFile
        configuration.allowFile = allowFile
    }
}
