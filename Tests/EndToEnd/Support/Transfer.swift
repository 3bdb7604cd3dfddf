import Foundation
import TestSupport
import Testing

/// One sending and one receiving program that meet through our servers.
struct Transfer {
    /// A failure of wormhole-william 1.0.6 that was seen with the original servers as well; the transfer is tried again.
    ///
    /// As a sender to the Python client it now and then closes the connection it has just chosen: in 1 to 5 of 20 transfers
    /// through the original servers. Much more rarely, in 1 of 300, a key exchange fails to decrypt; why is not known.
    enum OwnFailure: String, CaseIterable {
        case closedByItself = "use of closed network connection"
        case keyMismatch = "decrypt message failed"
    }

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
    ///
    /// - Returns: `nil`, or why it is to be tried again.
    func expectArrival() async throws -> OwnFailure? {
        let receiverEnding = try await receiving.end()
        let senderEnding = try await sending.end()
        let errors = sending.errors + receiving.errors
        if let failure = OwnFailure.allCases.first(where: { errors.contains($0.rawValue) }) { return failure }
        try #require(
            senderEnding == .exited(0) && receiverEnding == .exited(0),
            "\(sending.transcript)\n\(receiving.transcript)"
        )
        try await cargo.expectArrival(from: folder.path + "/out", in: folder.path + "/in", output: receiving.output)
        return nil
    }
}
