import Foundation
import TestSupport
import Testing

/// One sending and one receiving program that meet through our servers.
struct Transfer {
    let cargo: Cargo
    let sending: ChildProcess
    let receiving: ChildProcess
    private let folder: TemporaryFolder

    /// Starts both programs.
    ///
    /// - Parameter nameplate: The number of the code; one of its own for each transfer.
    init(
        of cargo: Cargo,
        from sender: WormholeProgram,
        to receiver: WormholeProgram,
        nameplate: Int,
        through servers: WormholeProgram.Servers,
        in sandbox: Sandbox
    ) throws {
        self.cargo = cargo
        folder = try TemporaryFolder()
        for path in [folder.path + "/out", folder.path + "/in"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try cargo.pack(in: folder.path + "/out")
        let code = "\(nameplate)-guitarist-revenge"
        sending = try sender.send(cargo.argument, code: code, from: folder.path + "/out", to: servers, in: sandbox)
        receiving = try receiver.receive(code: code, into: folder.path + "/in", from: servers, in: sandbox)
    }

    /// Waits for both to end well, and expects the cargo to have arrived whole.
    func expectArrival() async throws {
        let receiverEnding = try await receiving.end()
        try #require(receiverEnding == .exited(0), "\(receiving.transcript)\n\(sending.transcript)")
        let senderEnding = try await sending.end()
        try #require(senderEnding == .exited(0), "\(sending.transcript)\n\(receiving.transcript)")
        try await cargo.expectArrival(from: folder.path + "/out", in: folder.path + "/in", output: receiving.output)
    }
}
