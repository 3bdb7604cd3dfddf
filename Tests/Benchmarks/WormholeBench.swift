import ArgumentParser
import Foundation
import Glibc
import LinuxIO

/// Measures `wormhole-server` beside the servers it replaces.
@main
struct WormholeBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wormhole-bench",
        abstract: "Measure wormhole-server beside the original servers, HAProxy and a direct connection.",
        discussion: "Run it with 'make bench', which makes everything it needs."
    )

    @Option(help: ArgumentHelp("Only the scenarios whose names contain this; may be repeated.", valueName: "text"))
    var only: [String] = []

    @Option(help: ArgumentHelp("Only this contender; may be repeated.", valueName: "contender"))
    var contender: [Contender] = []

    @Option(help: "How often each contender is measured; medians are shown.")
    var rounds = 3

    @Option(help: ArgumentHelp("What all amounts and times are multiplied with.", valueName: "factor"))
    var scale = 1.0

    @Option(help: "After so many minutes no further round is begun.")
    var minutes = 12.0

    @Option(help: ArgumentHelp("The server to measure.", valueName: "program"))
    var server = ".build/release/wormhole-server"

    @Option(help: ArgumentHelp("Where 'twist' and 'python' are.", valueName: "folder"))
    var python = ".build/test-tools/python/bin"

    @Option(help: ArgumentHelp("The proxy to measure.", valueName: "program"))
    var haproxy = ".build/test-tools/bin/haproxy"

    @Option(help: ArgumentHelp("Where the reports in JSON go.", valueName: "folder"))
    var output = ".build/bench"

    @Flag(help: "Show the names of all scenarios.")
    var list = false

    func validate() throws {
        guard rounds >= 1, scale > 0, minutes > 0 else {
            throw ValidationError("--rounds, --scale and --minutes take numbers above 0.")
        }
    }

    func run() throws {
        let scenarios = Scenarios.all.filter { scenario in
            only.isEmpty || only.contains { scenario.name.contains($0) }
        }
        guard !list else {
            for scenario in scenarios { print("\(scenario.name)  \(scenario.title)") }
            return
        }
        let tools = Tools(server: absolute(server), python: absolute(python), haproxy: absolute(haproxy))
        try tools.check()
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        Workbench.raiseOpenFileLimit()
        let schedule = Schedule(
            workbench: try Workbench(tools: tools, scale: scale),
            rounds: rounds,
            contenders: contender.isEmpty ? Set(Contender.allCases) : Set(contender),
            end: SystemClock.monotonicNanoseconds + Int64(minutes * 60e9)
        )

        var report = Report(machine: Machine(tools))
        print(Table.heading(report.machine) + "\n")
        for scenario in scenarios {
            let figures = schedule.run(scenario)
            report.scenarios.append(figures)
            print(Table.text(figures))
            // Each table is shown when it is there, even when the output goes to a file.
            fflush(nil)
        }
        print(Table.summary(report))
        print("written to \(try write(report))")
        if !report.failures.isEmpty { throw ExitCode.failure }
    }

    /// - Returns: The path of the file.
    private func write(_ report: Report) throws -> String {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let path = "\(output)/\(report.machine.date.replacing(":", with: "")).json"
        try encoder.encode(report).write(to: URL(filePath: path))
        return path
    }

    /// The servers are started in other folders.
    private func absolute(_ path: String) -> String {
        URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    }
}

extension Contender: ExpressibleByArgument {}
