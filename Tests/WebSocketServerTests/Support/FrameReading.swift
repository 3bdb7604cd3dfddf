import NIOCore
import NIOWebSocket

@testable import WebSocketServer

/// What a reader made of its input, in a form that does not depend on how the input was split.
struct FrameReading: Equatable {
    /// Messages, control frames and the verdict, in order. Pieces of a message are joined.
    enum Item: Equatable {
        case message(isText: Bool, [UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(WebSocketErrorCode?)
        case violation(WebSocketViolation)
    }

    var items: [Item] = []
    /// Of a message in pieces, what came before it was complete.
    var unfinished: [UInt8] = []
    /// The largest payload that was reported at once.
    var largestPiece = 0
    /// The most memory the reader held.
    var peak = 0

    var violation: WebSocketViolation? {
        if case .violation(let violation)? = items.last { violation } else { nil }
    }

    /// Reads `bytes` in chunks, whose sizes `split` tells, each time given what is left.
    static func of(
        _ bytes: [UInt8],
        delivery: WebSocketConfiguration.Delivery,
        split: (Int) -> Int = { $0 }
    ) -> FrameReading {
        var reader = WebSocketFrameReader(delivery: delivery)
        var reading = FrameReading()
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(max(split(rest.count), 1))
            rest = rest.dropFirst(chunk.count)
            var input = ByteBuffer(bytes: chunk)
            while let event = reader.next(from: &input) {
                reading.add(event, payload: reader.payload, control: reader.control)
            }
            precondition(input.readableBytes == 0, "input was left")
            reading.peak = max(reading.peak, reader.payload.capacity + reader.control.capacity)
        }
        return reading
    }

    private mutating func add(_ event: WebSocketFrameReader.Event, payload: ByteBuffer, control: ByteBuffer) {
        switch event {
        case .data(let isText, let isFinal):
            largestPiece = max(largestPiece, payload.readableBytes)
            unfinished += payload.readableBytesView
            if isFinal {
                items.append(.message(isText: isText, unfinished))
                unfinished = []
            }
        case .ping: items.append(.ping(Array(control.readableBytesView)))
        case .pong: items.append(.pong(Array(control.readableBytesView)))
        case .close(let code): items.append(.close(code))
        case .violation(let violation): items.append(.violation(violation))
        }
    }
}
