import Foundation
import TestSupport
import Testing

/// One sending and one receiving program that meet through our servers.
struct Transfer {
    /// A failure of wormhole-william 1.0.6 that it has with any server; the transfer is to be tried again.
    ///
    /// As a sender it may close the connection it has just chosen, when the receiver was at the relay before it; and one
    /// key exchange in 256 with another implementation goes wrong. Neither can be caused by a server: the first is a
    /// close of its own descriptor, and both programs happen to do the same with the original servers, as often.
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
