import Observations
import TestSupport

extension TestRelay {
    /// An upgraded client that has said nothing.
    func webSocketClient() async throws -> WebSocketTestClient {
        try await WebSocketTestClient.connect(port: webSocketPort)
    }

    /// An upgraded client that has said this, in one binary message.
    func webSocketClient(saying message: String) async throws -> WebSocketTestClient {
        let client = try await webSocketClient()
        try await client.send(binary: Array(message.utf8))
        return client
    }

    /// Two WebSocket clients that have been told of each other.
    func webSocketPair() async throws -> (first: WebSocketTestClient, second: WebSocketTestClient) {
        let token = Handshake.freshToken()
        let first = try await webSocketClient(saying: Handshake.sided(token: token, "1"))
        let second = try await webSocketClient(saying: Handshake.sided(token: token, "2"))
        for client in [first, second] {
            let reply = try await client.nextBinary()
            guard reply == Array("ok\n".utf8) else { throw WebSocketTestError(.unexpected, "ok", received: reply) }
        }
        return (first, second)
    }

    /// A WebSocket client and a socket that have been told of each other.
    func mixedPair(
        webSocketWaits: Bool
    ) async throws -> (client: WebSocketTestClient, socket: WebSocketTestSocket) {
        let token = Handshake.freshToken()
        let client: WebSocketTestClient
        let socket: WebSocketTestSocket
        if webSocketWaits {
            client = try await webSocketClient(saying: Handshake.sided(token: token, "1"))
            try await eventually("somebody waiting", isTrue: { levels.connections > 0 })
            socket = try await self.client(Handshake.sided(token: token, "2"))
        } else {
            socket = try await self.client(Handshake.sided(token: token, "1"))
            try await eventually("somebody waiting", isTrue: { levels.connections > 0 })
            client = try await webSocketClient(saying: Handshake.sided(token: token, "2"))
        }
        try await socket.expectOK()
        let reply = try await client.nextBinary()
        guard reply == Array("ok\n".utf8) else { throw WebSocketTestError(.unexpected, "ok", received: reply) }
        return (client, socket)
    }
}
