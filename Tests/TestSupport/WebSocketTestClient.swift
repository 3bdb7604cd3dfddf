/// A WebSocket client for tests, which sends any frame it is told to and reports every frame that comes.
///
/// It answers nothing by itself, neither Ping nor Close.
package actor WebSocketTestClient {
    /// What a connection brought until it ended.
    package struct Remainder: Sendable, Equatable {
        package let frames: [WebSocketTestFrame]
        /// Bytes behind the last complete frame.
        package let tail: [UInt8]
        package let ending: WebSocketTestSocket.Ending

        /// The code of the last frame, if that is a Close with one.
        package var closeCode: UInt16? { frames.last?.closeCode }
    }

    package nonisolated let socket: WebSocketTestSocket
    /// The server's answer to the request, with the empty line.
    package nonisolated let response: String
    private var received: [UInt8] = []

    /// The key of every request, and what must come back for it. Source: RFC 6455, section 1.3.
    package static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    package static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    private init(socket: WebSocketTestSocket, response: String) {
        self.socket = socket
        self.response = response
    }

    /// The request of a well-behaved client.
    package static func request(path: String = "/", headers: [String] = []) -> String {
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: \(key)", "Sec-WebSocket-Version: 13",
            ] + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Connects over TCP and upgrades.
    ///
    /// - Parameters:
    ///   - headers: Further header lines, such as `X-Real-IP: 192.0.2.1`.
    ///   - glued: Bytes sent together with the request.
    package static func connect(
        port: Int,
        path: String = "/",
        headers: [String] = [],
        glued: [UInt8] = [],
        receiveBuffer: Int? = nil
    ) async throws -> WebSocketTestClient {
        let socket = try WebSocketTestSocket.connect(port: port, receiveBuffer: receiveBuffer)
        return try await upgrade(socket, path: path, headers: headers, glued: glued)
    }

    /// Upgrades a connection.
    ///
    /// - Throws: `.unexpected` when the answer is not a 101 with the right `Sec-WebSocket-Accept`.
    package static func upgrade(
        _ socket: WebSocketTestSocket,
        path: String = "/",
        headers: [String] = [],
        glued: [UInt8] = []
    ) async throws -> WebSocketTestClient {
        try await socket.send(Array(request(path: path, headers: headers).utf8) + glued)
        let answer = try await socket.receive(through: "\r\n\r\n")
        let response = String(decoding: answer, as: UTF8.self)
        guard response.hasPrefix("HTTP/1.1 101 "),
            response.split(separator: "\r\n").contains(where: {
                $0.lowercased() == "sec-websocket-accept: \(accept)".lowercased()
            })
        else { throw WebSocketTestError(.unexpected, "upgrade", received: answer) }
        return WebSocketTestClient(socket: socket, response: response)
    }

    // MARK: Sending

    /// Sends frames, all in one piece.
    package func send(_ frames: WebSocketTestFrame...) async throws {
        try await socket.send(frames.flatMap(\.bytes))
    }

    /// Sends bytes as they are.
    package func send(raw bytes: [UInt8]) async throws {
        try await socket.send(bytes)
    }

    /// Sends a text message.
    package func send(text: String) async throws {
        try await send(.text(text))
    }

    /// Sends a binary message.
    package func send(binary: [UInt8]) async throws {
        try await send(.binary(binary))
    }

    // MARK: Receiving

    /// The next frame.
    ///
    /// - Throws: `.ended` when the connection ends first.
    package func next() async throws -> WebSocketTestFrame {
        while true {
            if let frame = WebSocketTestFrame.take(from: &received) { return frame }
            guard let bytes = try await socket.receiveSome() else {
                throw WebSocketTestError(.ended, "next frame", received: received)
            }
            received += bytes
        }
    }

    /// The payload of the next frame, which must be an unfragmented text message.
    package func nextText() async throws -> String {
        let frame = try await next()
        guard frame.opcode == 1, frame.isFinal else { throw unexpected(frame, "text message") }
        return frame.text
    }

    /// The payload of the next frame, which must be an unfragmented binary message.
    package func nextBinary() async throws -> [UInt8] {
        let frame = try await next()
        guard frame.opcode == 2, frame.isFinal else { throw unexpected(frame, "binary message") }
        return frame.payload
    }

    /// Everything until the connection ends.
    package func remainder() async throws -> Remainder {
        let (bytes, ending) = try await socket.receiveToEnd()
        received += bytes
        var frames: [WebSocketTestFrame] = []
        while let frame = WebSocketTestFrame.take(from: &received) { frames.append(frame) }
        defer { received = [] }
        return Remainder(frames: frames, tail: received, ending: ending)
    }

    // MARK: Ending

    /// Closes as a polite client does: sends Close, waits for the server's and for its FIN.
    package func close(_ code: UInt16? = 1000) async throws -> Remainder {
        try await send(.close(code))
        let remainder = try await remainder()
        await socket.close()
        return remainder
    }

    private func unexpected(_ frame: WebSocketTestFrame, _ operation: String) -> WebSocketTestError {
        WebSocketTestError(.unexpected, "\(operation), but \(frame)", received: frame.payload)
    }
}
