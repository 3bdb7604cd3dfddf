internal import LinuxIO

/// A WebSocket client as small as one can be: its server is our own, so what it does not expect is a failure.
///
/// Source: RFC 6455, sections 4.1 and 5.
final class ProbeWebSocket: ProbeEnd {
    enum Opcode: UInt8 {
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10
    }

    private let stream: ProbeStream
    /// Payload of binary messages that is not taken yet.
    private var input: [UInt8] = []

    init(to address: ListenerAddress, path: String, _ patience: ClientSocket.Patience) throws(ProbeError) {
        stream = try ProbeStream(to: address, patience)
        if address.expectsProxyHeader { try stream.send(Array("PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n".utf8)) }
        // Any sixteen bytes will do; the answer to them is not looked at.
        let request = """
            GET \(path) HTTP/1.1\r
            Host: localhost\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Key: c2VsZi10ZXN0IG9mIG91cg==\r
            Sec-WebSocket-Version: 13\r
            \r\n
            """
        try stream.send(Array(request.utf8))
        let head = try stream.receive(through: Array("\r\n\r\n".utf8), atMost: 8192)
        let status = String(decoding: head.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        guard status.hasPrefix("HTTP/1.1 101 ") else { throw .unexpected("the upgrade is answered with '\(status)'") }
    }

    func send(_ opcode: Opcode, _ payload: [UInt8]) throws(ProbeError) {
        var frame: [UInt8] = [0x80 | opcode.rawValue]
        switch payload.count {
        case ..<126: frame.append(0x80 | UInt8(payload.count))
        default: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        // A mask of zeros is as good as any between two ends of one program.
        frame += [0, 0, 0, 0]
        try stream.send(frame + payload)
    }

    /// The next message; Pings are answered on the way.
    func receive() throws(ProbeError) -> (opcode: Opcode, payload: [UInt8]) {
        while true {
            let start = try stream.receive(exactly: 2)
            guard start[0] & 0xF0 == 0x80, let opcode = Opcode(rawValue: start[0] & 0x0F), start[1] & 0x80 == 0 else {
                throw .unexpected("a frame of an unknown kind")
            }
            var length = Int(start[1])
            switch length {
            case 126: length = try stream.receive(exactly: 2).reduce(0) { $0 << 8 | Int($1) }
            case 127: throw .unexpected("a message that is too long")
            default: break
            }
            let payload = try stream.receive(exactly: length)
            switch opcode {
            case .ping: try send(.pong, payload)
            case .pong: break
            case .text, .binary, .close: return (opcode, payload)
            }
        }
    }

    // MARK: As one end of a relayed pair

    func send(_ bytes: [UInt8]) throws(ProbeError) { try send(.binary, bytes) }

    func receive(exactly count: Int) throws(ProbeError) -> [UInt8] {
        while input.count < count {
            let (opcode, payload) = try receive()
            guard opcode == .binary else { throw .unexpected("a message that is not binary") }
            input += payload
        }
        defer { input.removeFirst(count) }
        return Array(input.prefix(count))
    }

    /// Says good-bye and hears it.
    func end() throws(ProbeError) {
        try send(.close, [0x03, 0xE8])
        while try receive().opcode != .close {}
    }
}
