import NIOCore
import NIOHTTP1

/// What all connections of one listener have in common. Confined to the listener's event loop.
final class ConnectionCommons {
    let configuration: WebSocketConfiguration
    /// The answer to every good upgrade request, up to the value of `Sec-WebSocket-Accept`, which ends it.
    let switchingProtocols: ByteBuffer
    /// Room for the message being read, lent to one connection at a time, so that idle ones keep none.
    var inputSpare = ByteBuffer()
    /// Room for output, likewise: as much as is at work at once, within bounds.
    private var outputSpares: [ByteBuffer] = []
    private var outputSpareBytes = 0

    /// Spares larger than this are not kept.
    private static let largestSpare = 256 << 10
    /// All those for output together are no larger than this.
    private static let mostOutputSpareBytes = 1 << 20

    init(configuration: WebSocketConfiguration) {
        self.configuration = configuration
        var answer = ByteBuffer()
        answer.writeStatusLine(.switchingProtocols, serverName: configuration.serverName)
        answer.writeHeader("Upgrade", "websocket")
        answer.writeHeader("Connection", "Upgrade")
        answer.writeStaticString("Sec-WebSocket-Accept: ")
        switchingProtocols = answer
    }

    func takeOutputSpare() -> ByteBuffer {
        guard let spare = outputSpares.popLast() else { return ByteBuffer() }
        outputSpareBytes -= spare.capacity
        return spare
    }

    /// Keeps an output buffer whose bytes are written, or queued in a copy. What is queued itself is not kept.
    ///
    /// - Parameter buffer: Left empty.
    func giveOutputSpare(_ buffer: inout ByteBuffer) {
        buffer.forget()
        if buffer.capacity > 0, outputSpareBytes + buffer.capacity <= Self.mostOutputSpareBytes {
            outputSpareBytes += buffer.capacity
            outputSpares.append(buffer)
        }
        buffer = ByteBuffer()
    }

    func trimInputSpare() {
        if inputSpare.capacity > Self.largestSpare { inputSpare = ByteBuffer() }
    }
}

@available(*, unavailable)
extension ConnectionCommons: Sendable {}
