import Foundation
import Testing

/// One of the plugins in `munin-plugins`, run by itself as munin-node would run it.
struct MuninPlugin: Sendable, CustomTestStringConvertible {
    /// What a plugin has answered.
    struct Answer: Equatable, Sendable {
        let status: CInt
        let output: String
        let errors: String

        var lines: [Substring] { output.split(separator: "\n") }

        /// Whether it was refused as the originals' rules have it: nothing for Munin, one line for people, exit status 1.
        var isRefusal: Bool {
            status == 1 && output.isEmpty && errors.hasSuffix("\n") && errors.count(where: { $0 == "\n" }) == 1
        }
    }

    static let mailbox = ["active", "errors", "event_rate", "events", "events_alltime", "version_uptake"]
        .map { MuninPlugin("wormhole_" + $0) }
    static let transit = ["active", "bytes", "bytes_alltime", "events", "events_alltime"]
        .map { MuninPlugin("wormhole_transit_" + $0) }
    /// Those with the names of the original servers' plugins.
    static let originals = mailbox + transit
    static let folder = Repository.root.appending(path: "munin-plugins").path(percentEncoded: false)

    let name: String
    /// Where it is; the original servers' own plugins are elsewhere.
    private let path: String
    private let interpreter: [String]

    init(_ name: String) {
        self.name = name
        path = Self.folder + "/" + name
        interpreter = []
    }

    /// - Parameter link: A link to the plugin, through which it is run.
    init(link: String) {
        name = URL(filePath: link).lastPathComponent
        path = link
        interpreter = []
    }

    /// The plugin of that name from an original server's source archive.
    init(ofOriginal name: String) throws {
        self.name = name
        path = Repository.root.appending(path: ".build/test-tools/munin-of-originals/\(name)").path(
            percentEncoded: false
        )
        try #require(FileManager.default.fileExists(atPath: path), "\(path) is missing; run: make test-tools")
        interpreter = ["python3"]
    }

    var testDescription: String { name }

    /// Runs it with nothing else in its environment.
    ///
    /// - Parameter clock: The Unix time at which its clock stands still.
    func run(_ arguments: String..., environment: [String: String] = [:], clock: Double? = nil) async throws -> Answer {
        let variables = environment.map { "\($0)=\($1)" }
        let faketime = clock.map { ["FAKETIME_FMT=%s", "faketime", "-f", "\(Int($0))"] } ?? []
        let child = try ChildProcess("env", ["-i"] + variables + faketime + interpreter + [path] + arguments)
        let ending = try await child.end()
        guard case .exited(let status) = ending else { throw Unexpected(ending: ending, transcript: child.transcript) }
        return Answer(status: status, output: child.output, errors: child.errors)
    }

    private struct Unexpected: Error {
        let ending: ChildProcess.Ending
        let transcript: String
    }
}
