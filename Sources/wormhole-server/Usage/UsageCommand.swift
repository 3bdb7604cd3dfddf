import ArgumentParser
import Foundation
import Telemetry
import WormholeWire

/// What happened, for people and for programs, from the usage database alone.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Tell what happened: the last hour, day, week and month, or a range of time.",
        discussion: """
            Reads the usage database, and nothing else; the server may run or not. Times are UTC and in whole hours, as \
            records are kept. TIME is a date (2026-11-21), a date and time (2026-11-21T10:00), Unix seconds, or an age \
            (36h, 7d, 4w).
            """
    )

    @OptionGroup
    var database: UsageDatabaseOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Only what began at or after this.", valueName: "time"))
    var since: UsageTime?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only what began before this (default: now).", valueName: "time")
    )
    var until: UsageTime?

    @Option(parsing: .unconditional, help: "How long the steps of the series are: hour or day (default: as fits).")
    var step: UsageStep?

    @Flag(help: "Everything as JSON.")
    var json = false

    @Flag(help: "The series as CSV: a line for each step, a column for each count.")
    var csv = false

    func validate() throws {
        guard !(json && csv) else { throw ValidationError("--json and --csv exclude each other.") }
    }

    func run() throws {
        let now = Timestamp(seconds: Date().timeIntervalSince1970)
        let range = try range(at: now)
        let history = try UsageHistory(path: database.path)
        let report = try UsageReport(history, range: range, step: step, now: now)
        if json {
            print(try report.json(), terminator: "")
        } else if csv {
            print(report.csv, terminator: "")
        } else {
            print(UsageTable(report).text, terminator: "")
        }
    }

    /// - Returns: `nil` when none was asked for.
    private func range(at now: Timestamp) throws -> Range<Timestamp>? {
        guard since != nil || until != nil else { return nil }
        let end = until?.time(at: now) ?? now
        let start = since?.time(at: now) ?? end - .seconds(30 * 86400)
        guard start < end else { throw ValidationError("--since must be before --until.") }
        let steps = (end - start).seconds / Double((step ?? .day).seconds)
        guard steps <= 100_000 else {
            throw ValidationError("That is more than 100000 steps: ask for a shorter range.")
        }
        return start..<end
    }
}

extension UsageStep: ExpressibleByArgument {}
