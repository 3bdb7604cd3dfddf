import TestSupport
import Testing

/// Two plain TCP connections that the relay has paired.
struct RelayPair {
    let left: WebSocketTestSocket
    let right: WebSocketTestSocket

    /// Connects both and waits for both `ok` lines.
    init(port: Int) async throws {
        let token = RelayHandshake.token()
        left = try WebSocketTestSocket.connect(port: port)
        right = try WebSocketTestSocket.connect(port: port)
        try await left.send(RelayHandshake.line(token: token, side: "0000000000000001"))
        try await right.send(RelayHandshake.line(token: token, side: "0000000000000002"))
        for socket in [left, right] {
            #expect(try await socket.receive(exactly: 3) == Array("ok\n".utf8))
        }
    }

    /// Sends from left to right and expects it to come out.
    func expectPassage(of text: String) async throws {
        try await left.send(text)
        #expect(try await right.receive(exactly: text.utf8.count) == Array(text.utf8))
    }
}

/// What a client says to the relay.
enum RelayHandshake {
    static func token() -> String {
        (0..<64).map { _ in String(UInt8.random(in: 0..<16), radix: 16) }.joined()
    }

    static func line(token: String, side: String) -> String {
        "please relay \(token) for side \(side)\n"
    }
}
