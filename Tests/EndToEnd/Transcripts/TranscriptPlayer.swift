import Foundation
import TestSupport
import Testing

/// A mailbox server that transcripts are played against.
protocol TranscribedServer: AnyObject, Sendable {
    /// The port of the moment; another one after a restart.
    var port: Int { get async }
    /// Ends the process in the orderly way, and returns once it has ended.
    func stop() async throws
    /// Starts it again with the same database.
    func start() async throws
}

/// Plays the clients of a transcript and compares every frame the server sends.
actor TranscriptPlayer {
    /// The server did something else than recorded.
    struct Deviation: Error, CustomStringConvertible {
        let description: String
    }

    private let transcript: Transcript
    private let server: any TranscribedServer
    private var clients: [String: WebSocketTestClient] = [:]
    private var placeholders = Placeholders()

    private init(_ transcript: Transcript, against server: any TranscribedServer) {
        self.transcript = transcript
        self.server = server
    }

    /// - Throws: ``Deviation`` with the scenario and the step.
    static func play(_ transcript: Transcript, against server: any TranscribedServer) async throws {
        try await TranscriptPlayer(transcript, against: server).play()
    }

    private func play() async throws {
        for step in transcript.steps {
            do {
                try await perform(step)
            } catch {
                throw Deviation(
                    description: "\(transcript.scenario), step \(step.number), \(step.connection): \(error)"
                )
            }
        }
        for (connection, client) in clients.sorted(by: { $0.key < $1.key }) {
            let frames = try await client.close().frames.filter { $0.opcode != 8 }
            guard frames.isEmpty else {
                throw Deviation(description: "\(transcript.scenario), after the end, \(connection): \(frames)")
            }
        }
    }

    private func perform(_ step: Transcript.Step) async throws {
        switch step.action {
        case .connect(let headers):
            let lines = headers.map { "\($0.key): \($0.value)" }
            let port = await server.port
            clients[step.connection] = try await WebSocketTestClient.connect(port: port, path: "/v1", headers: lines)
        case .disconnect:
            let remainder = try await take(step).close()
            try expectNoMessage(in: remainder)
        case .serverCloses(let code):
            let remainder = try await take(step).remainder()
            try expectNoMessage(in: remainder)
            guard remainder.closeCode.map(Int.init) == code else {
                throw Deviation(description: "closed with \(remainder.closeCode as UInt16?), not \(code as Int?)")
            }
        case .serverStops: try await server.stop()
        case .serverStarts: try await server.start()
        case .send(let outgoing): try await client(step).send(frame(outgoing))
        case .receive(let expected):
            let text = try await client(step).nextText()
            if let difference = placeholders.difference(expected: expected, actual: try JSON(text)) {
                throw Deviation(description: "\(difference); it sent \(text)")
            }
        }
    }

    private func frame(_ outgoing: Transcript.Outgoing) -> WebSocketTestFrame {
        switch outgoing {
        case .json(let value): .text(placeholders.filled(value).text)
        case .text(let text): .text(text)
        case .binary(let bytes): .binary(bytes)
        }
    }

    private func client(_ step: Transcript.Step) throws -> WebSocketTestClient {
        try #require(clients[step.connection], "not connected")
    }

    private func take(_ step: Transcript.Step) throws -> WebSocketTestClient {
        let client = try client(step)
        clients[step.connection] = nil
        return client
    }

    private func expectNoMessage(in remainder: WebSocketTestClient.Remainder) throws {
        let messages = remainder.frames.filter { $0.opcode != 8 }
        guard messages.isEmpty else { throw Deviation(description: "unexpected: \(messages)") }
    }
}
