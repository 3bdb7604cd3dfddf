import Foundation
import TestSupport
import Testing

/// A recorded exchange between some clients and the original mailbox server.
struct Transcript: Sendable {
    /// What happened next.
    enum Action: Sendable {
        case connect(headers: [String: String])
        case disconnect
        /// The server ends the connection, with this Close frame or without one.
        case serverCloses(code: Int?)
        case serverStops
        case serverStarts
        /// A client's frame.
        case send(Outgoing)
        /// The server's answer, with placeholders.
        case receive(JSON)
    }

    /// What a client can send.
    enum Outgoing: Sendable {
        case json(JSON)
        case text(String)
        case binary([UInt8])
    }

    struct Step: Sendable {
        let number: Int
        let connection: String
        let action: Action
    }

    let scenario: String
    var steps: [Step]

    /// Everything that was recorded.
    static func all() throws -> [Transcript] {
        let file = try #require(Bundle.module.url(forResource: "Fixtures/mailbox-transcripts", withExtension: "jsonl"))
        var transcripts: [Transcript] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let row = try JSON(line)
            let scenario = try #require(row["scenario"]?.string)
            let step = Step(
                number: try Int(#require(row["step"]?.number)),
                connection: try #require(row["conn"]?.string),
                action: try action(row)
            )
            if transcripts.last?.scenario == scenario {
                transcripts[transcripts.count - 1].steps.append(step)
            } else {
                transcripts.append(Transcript(scenario: scenario, steps: [step]))
            }
        }
        return transcripts
    }

    private static func action(_ row: JSON) throws -> Action {
        let frame = try #require(row["frame"])
        switch row["dir"]?.string {
        case "c2s": return .send(try outgoing(frame))
        case "s2c": return .receive(frame)
        default: return try event(frame)
        }
    }

    private static func outgoing(_ frame: JSON) throws -> Outgoing {
        if let text = frame["text"]?.string { return .text(text) }
        if let text = frame["binary_utf8"]?.string { return .binary(Array(text.utf8)) }
        if let digits = frame["binary_hex"]?.string {
            return .binary(
                try stride(from: 0, to: digits.count, by: 2).map { offset in
                    try #require(UInt8(digits.dropFirst(offset).prefix(2), radix: 16))
                }
            )
        }
        return .json(frame)
    }

    private static func event(_ frame: JSON) throws -> Action {
        switch frame["event"]?.string {
        case "connect":
            guard case .object(let headers)? = frame["headers"] else { return .connect(headers: [:]) }
            return .connect(headers: headers.compactMapValues(\.string))
        case "disconnect": return .disconnect
        case "closed": return .serverCloses(code: frame["close_frame"]?["code"]?.number.map { Int($0) })
        case "server-stopped": return .serverStops
        case "server-started": return .serverStarts
        case let other: throw UnknownEvent(name: other ?? "none")
        }
    }

    private struct UnknownEvent: Error {
        let name: String
    }
}
