/// What a WebSocket tells whoever uses it.
protocol WebSocketUser: AnyObject {
    func webSocketOpened() throws(BenchmarkError)
    /// - Parameter payload: Of a text or binary message; valid until this returns.
    func webSocketReceived(_ payload: UnsafeRawBufferPointer) throws(BenchmarkError)
    /// The server has answered a Close, and the connection has ended.
    func webSocketEnded() throws(BenchmarkError)
    func webSocketWritable() throws(BenchmarkError)
}

extension WebSocketUser {
    func webSocketWritable() throws(BenchmarkError) {}
}

/// The client's end of a WebSocket connection: upgrades, frames, answers Pings, closes in an orderly way.
///
/// It takes from the server only what a server may send: unmasked, unfragmented frames.
final class WebSocketLink: ConnectionUser {
    private enum State {
        case upgrading
        case open
        /// Our Close is sent.
        case closing
        /// The server's Close has come, and its end of the connection is to follow.
        case closed
    }

    /// Held until the connection has ended.
    private(set) var user: (any WebSocketUser)?
    private(set) var connection: Connection?
    private var state = State.upgrading
    private let path: String
    /// Bytes of a frame, or of the answer to the upgrade, that is not complete.
    private var received: [UInt8] = []
    private var outgoing: [UInt8] = []
    private var nextMask: UInt32

    /// The key of every request, and what must come back for it. Source: RFC 6455, section 1.3.
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    init(port: UInt16, path: String, source: Int, loop: LoadLoop, user: any WebSocketUser) throws(BenchmarkError) {
        self.user = user
        self.path = path
        nextMask = UInt32(truncatingIfNeeded: source &* 0x9E37_79B1) | 0x0101_0101
        connection = try Connection.open(port: port, source: source, loop: loop, user: self)
    }

    /// Keeps a message until ``flush()``.
    func append(_ payload: some Collection<UInt8>, binary: Bool = false) {
        nextMask = nextMask &* 0x0001_9660_D &+ 0x3C6E_F35F
        WebSocketFrame.append(payload, opcode: binary ? 2 : 1, mask: nextMask, to: &outgoing)
    }

    /// Sends what was appended, as one write.
    func flush() throws(BenchmarkError) {
        guard !outgoing.isEmpty else { return }
        try connection?.send(outgoing)
        outgoing.removeAll(keepingCapacity: true)
    }

    /// Begins the end: what comes then is only waited for.
    func close() throws(BenchmarkError) {
        state = .closing
        WebSocketFrame.append([0x03, 0xE8], opcode: 8, mask: nextMask, to: &outgoing)
        try flush()
    }

    /// Drops the connection without a word.
    func abandon() {
        connection?.close()
        connection = nil
        user = nil
    }

    func connectionOpened(_ connection: Connection) throws(BenchmarkError) {
        let lines = [
            "GET \(path) HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: \(Self.key)", "Sec-WebSocket-Version: 13", "", "",
        ]
        try connection.send(Array(lines.joined(separator: "\r\n").utf8))
    }

    func connectionWritable(_ connection: Connection) throws(BenchmarkError) {
        if state == .open { try user?.webSocketWritable() }
    }

    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError) {
        guard received.isEmpty else {
            received += bytes
            let all = received
            let used = try all.withBytes { bytes throws(BenchmarkError) in try take(bytes) }
            received.removeFirst(used)
            return
        }
        let used = try take(bytes)
        if used < bytes.count { received += bytes[used...] }
    }

    func connectionEnded(_ connection: Connection) throws(BenchmarkError) {
        guard state == .closed else { throw BenchmarkError("the server ended a WebSocket without a Close") }
        connection.close()
        self.connection = nil
        let user = self.user
        self.user = nil
        try user?.webSocketEnded()
    }

    /// - Returns: How many bytes were of complete frames.
    private func take(_ bytes: UnsafeRawBufferPointer) throws(BenchmarkError) -> Int {
        var rest = bytes
        if state == .upgrading {
            guard let length = try upgradeLength(bytes) else { return 0 }
            rest = UnsafeRawBufferPointer(rebasing: rest[length...])
            state = .open
            try user?.webSocketOpened()
        }
        while let frame = try WebSocketFrame(rest) {
            rest = UnsafeRawBufferPointer(rebasing: rest[frame.length...])
            try take(frame)
        }
        return bytes.count - rest.count
    }

    private func take(_ frame: WebSocketFrame) throws(BenchmarkError) {
        switch frame.opcode {
        case 1, 2:
            try user?.webSocketReceived(frame.payload)
        case 8:
            guard state == .closing else {
                throw BenchmarkError("the server closed a WebSocket: \(frame.closeDescription)")
            }
            state = .closed
        case 9:
            WebSocketFrame.append(frame.payload, opcode: 10, mask: nextMask, to: &outgoing)
            try flush()
        case 10:
            break
        default:
            throw BenchmarkError("a frame with opcode \(frame.opcode)")
        }
    }

    /// - Returns: The bytes of the answer with its empty line; `nil` when there is more to come.
    private func upgradeLength(_ bytes: UnsafeRawBufferPointer) throws(BenchmarkError) -> Int? {
        var end = 3
        while end < bytes.count, bytes[end] != 10 || bytes[end - 2] != 10 { end += 1 }
        guard end < bytes.count else { return nil }
        let answer = String(decoding: bytes[...end], as: UTF8.self)
        guard answer.hasPrefix("HTTP/1.1 101 "), answer.contains(Self.accept) else {
            throw BenchmarkError("the answer to an upgrade was: \(answer)")
        }
        return end + 1
    }
}
