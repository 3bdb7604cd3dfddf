import TestSupport
import Testing

/// The two clients that people use, each as sender and as receiver.
enum WormholeProgram: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case python
    case go

    var testDescription: String {
        switch self {
        case .python: "magic-wormhole"
        case .go: "wormhole-william"
        }
    }

    /// What is sent.
    enum Cargo: Sendable {
        case text(String)
        /// A file or a folder in the sender's current directory.
        case file(String)
    }

    /// Where the servers are, as seen from the clients.
    struct Servers: Sendable {
        let mailboxPort: Int
        let relayPort: Int

        var mailboxURL: String { "ws://127.0.0.1:\(mailboxPort)/v1" }
        var relay: String { "tcp:127.0.0.1:\(relayPort)" }
    }

    func send(
        _ cargo: Cargo,
        code: String,
        from folder: String,
        to servers: Servers,
        in sandbox: Sandbox
    ) throws -> ChildProcess {
        let what =
            switch cargo {
            case .text(let text): ["--text", text]
            case .file(let name): [name]
            }
        return try start(["send", "--hide-progress", "--code", code] + what, folder, servers, sandbox)
    }

    func receive(
        code: String,
        into folder: String,
        from servers: Servers,
        in sandbox: Sandbox
    ) throws -> ChildProcess {
        try start(["receive", "--hide-progress", code], folder, servers, sandbox)
    }

    private func start(
        _ arguments: [String],
        _ folder: String,
        _ servers: Servers,
        _ sandbox: Sandbox
    ) throws -> ChildProcess {
        var setup = ChildProcess.Setup(folder: folder)
        switch self {
        case .python:
            setup.environment = ["LC_ALL": "C.UTF-8", "WORMHOLE_ACCEPT_FILE": "1"]
            let global = ["--relay-url", servers.mailboxURL, "--transit-helper", servers.relay]
            let command = [arguments[0], "--no-listen"] + arguments.dropFirst()
            return try sandbox.start(Repository.python("wormhole"), global + command, setup)
        case .go:
            // It asks before it accepts a file.
            setup.input = "y\n"
            let global = ["--relay-url", servers.mailboxURL]
            return try sandbox.start(Repository.tool("wormhole-william"), global + arguments, setup)
        }
    }
}
