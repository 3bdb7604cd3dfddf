import Foundation
import TestSupport
import Testing

/// One sending and one receiving program that have met through our servers.
enum Transfer {
    /// Carries `cargo` from one program to the other and expects it to arrive whole.
    ///
    /// - Parameter nameplate: The number of the code; one of its own for each transfer.
    static func carry(
        _ cargo: Cargo,
        from sender: WormholeProgram,
        to receiver: WormholeProgram,
        nameplate: Int,
        through servers: WormholeProgram.Servers,
        in sandbox: Sandbox
    ) async throws {
        let folder = try TemporaryFolder()
        let (outbox, inbox) = (folder.path + "/out", folder.path + "/in")
        for path in [outbox, inbox] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try cargo.pack(in: outbox)
        let code = "\(nameplate)-guitarist-revenge"
        let sending = try sender.send(cargo.argument, code: code, from: outbox, to: servers, in: sandbox)
        let receiving = try receiver.receive(code: code, into: inbox, from: servers, in: sandbox)
        let receiverEnding = try await receiving.end()
        try #require(receiverEnding == .exited(0), "\(receiving.transcript)\n\(sending.transcript)")
        let senderEnding = try await sending.end()
        try #require(senderEnding == .exited(0), "\(sending.transcript)\n\(receiving.transcript)")
        try await cargo.expectArrival(from: outbox, in: inbox, output: receiving.output)
    }
}
