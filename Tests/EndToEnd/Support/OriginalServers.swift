import Foundation
import TestSupport
import Testing

/// The original mailbox server or relay, started as a yardstick: what holds for it must hold for the tests themselves.
final class OriginalServer: Sendable {
    /// Which of the two.
    enum Kind: String, Sendable {
        case mailbox = "wormhole-mailbox"
        case relay = "transitrelay"
    }

    let port: Int
    let child: ChildProcess

    /// - Parameters:
    ///   - folder: Its current directory, where it keeps its database.
    ///   - records: A file for the relay's lines of JSON.
    init(
        _ kind: Kind,
        _ options: [String] = [],
        folder: String,
        port: Int = 0,
        records: String? = nil,
        in sandbox: Sandbox? = nil
    ) async throws {
        let log = records == nil ? [] : ["--log-fd=3"]
        let arguments = ["--log-file=+", "--log-format=text", kind.rawValue, "--port=tcp:\(port):interface=127.0.0.1"]
        let setup = ChildProcess.Setup(folder: folder, extraOutput: records)
        let program = try Repository.python("twist")
        let child =
            if let sandbox {
                try sandbox.start(program, arguments + log + options, setup)
            } else {
                try ChildProcess(program, arguments + log + options, setup)
            }
        try await child.errors("\(kind.rawValue) listens") { $0.contains(/starting on \d+/) }
        self.child = child
        self.port = try #require(child.errors.firstMatch(of: /starting on (\d+)/).flatMap { Int($0.1) })
    }
}
