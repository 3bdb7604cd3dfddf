import ArgumentParser
import Foundation
import Telemetry

/// Merges usage databases of the original servers, or of other servers of ours, into this one.
struct ImportUsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-usage",
        abstract: "Merge usage databases of the original servers, or of other machines, into this server's.",
        discussion: """
            Each file is added whole or not at all, and is only read. What was imported before is recognised row by row, so \
            that the same file, or a longer one of the same server, adds only what is new. Works while the server runs. \
            Times are taken over as they are: --blur-usage does not change them.
            """
    )

    @OptionGroup
    var database: UsageDatabaseOptions

    @Argument(help: ArgumentHelp("Databases of the mailbox server (version 1 or 2) or the relay.", valueName: "file"))
    var files: [String]

    func run() throws {
        let target = try UsageImport(into: database.path)
        var hasFailed = false
        for file in files {
            do {
                let outcome = try target.add(file)
                let kinds = RecordKind.allCases.compactMap { kind in
                    outcome.added[kind].map { "\(kind.rawValue) \($0)" }
                }
                let added = outcome.added.values.reduce(0, +)
                print(
                    "\(file): \(added) records added (\(kinds.joined(separator: ", "))), \(outcome.known) known already"
                )
            } catch {
                hasFailed = true
                FileHandle.standardError.write(Data("Error: \(error.description)\n".utf8))
            }
        }
        if hasFailed { throw ExitCode.failure }
    }
}
