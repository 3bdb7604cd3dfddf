package import NIOCore
package import NIOWebSocket

/// Reads a client's frames from bytes that come in pieces of any size, and judges them by RFC 6455.
///
///     header ──▶ payload ──▶ header ──▶ ...        finished: after a Close or a violation nothing more is read
///
/// What it keeps of the input is bounded: at most the limit of ``WebSocketConfiguration/Delivery`` and one control
/// frame. In `payload` and `control` are the bytes of the last event, until the next call.
package struct WebSocketFrameReader: ~Copyable {
    /// What the input contained.
    package enum Event: Equatable, Sendable {
        /// A message, or a piece of one, is in ``WebSocketFrameReader/payload``.
        case data(isText: Bool, isFinal: Bool)
        /// A Ping, whose payload is in ``WebSocketFrameReader/control``.
        case ping
        /// A Pong, whose payload is in ``WebSocketFrameReader/control``.
        case pong
        /// A valid Close, with this code or none.
        case close(WebSocketErrorCode?)
        case violation(WebSocketViolation)
    }

    private enum State {
        case header
        case payload
        case finished
    }

    /// The frame being read.
    struct Frame {
        var opcode: UInt8 = 0
        var isFinal = false
        /// Of the header: bytes read, and bytes in all as far as known.
        var position = 0
        var headerSize = 2
        /// Payload bytes still to come.
        var remaining: UInt64 = 0
        var mask = WebSocketMask()

        var isControl: Bool { opcode >= 8 }
    }

    private let delivery: WebSocketConfiguration.Delivery
    private var state = State.header
    private var frame = Frame()

    /// The opcode of the unfinished message; 0 when there is none.
    private var messageOpcode: UInt8 = 0
    private var text = UTF8Check()
    /// The bytes of the message at hand that have not been reported, or of the last event.
    package private(set) var payload = ByteBuffer()
    private var payloadIsReported = false
    /// The payload of the control frame at hand, or of the last event.
    package private(set) var control = ByteBuffer()

    /// Set when messages are no longer of interest: they are neither kept, nor checked for UTF-8 and size, nor reported.
    package var discardsMessages = false
    /// Set when any byte of a data frame is read; for whoever wants to know signs of life, who clears it.
    package var hasSeenData = false

    package init(delivery: WebSocketConfiguration.Delivery) {
        self.delivery = delivery
    }

    /// Reads on in `input` up to the next event.
    ///
    /// - Returns: `nil` when all of `input` is consumed.
    package mutating func next(from input: inout ByteBuffer) -> Event? {
        if payloadIsReported { forgetPayload() }
        while true {
            switch state {
            case .header:
                guard input.readableBytes > 0 else { return nil }
                if let violation = readHeader(&input) { return finish(with: .violation(violation)) }
            case .payload:
                guard frame.remaining == 0 || input.readableBytes > 0 else { return nil }
                if let event = frame.isControl ? readControl(&input) : readData(&input) { return event }
            case .finished:
                input.moveReaderIndex(to: input.writerIndex)
                return nil
            }
        }
    }

    private mutating func finish(with event: Event) -> Event {
        state = .finished
        return event
    }

    // MARK: Header

    private mutating func readHeader(_ input: inout ByteBuffer) -> WebSocketViolation? {
        var consumed = 0
        let violation = input.withUnsafeReadableBytes { bytes -> WebSocketViolation? in
            for byte in bytes {
                consumed &+= 1
                if let violation = readHeader(byte) { return violation }
                if frame.position == frame.headerSize {
                    state = .payload
                    return nil
                }
            }
            return nil
        }
        input.moveReaderIndex(forwardBy: consumed)
        return violation
    }

    private mutating func readHeader(_ byte: UInt8) -> WebSocketViolation? {
        let position = frame.position
        frame.position &+= 1
        switch position {
        case 0: return begin(byte)
        case 1: return beginLength(byte)
        case ..<(frame.headerSize &- 4):
            if frame.headerSize == 14, position == 2, byte >= 0x80 { return .impossibleLength }
            frame.remaining = frame.remaining << 8 | UInt64(byte)
            return position == frame.headerSize &- 5 ? endLength() : nil
        default:
            frame.mask.set(byte, at: position &- frame.headerSize &+ 4)
            return nil
        }
    }

    /// FIN, RSV1 to RSV3 and the opcode.
    private mutating func begin(_ byte: UInt8) -> WebSocketViolation? {
        frame.isFinal = byte & 0x80 != 0
        frame.opcode = byte & 0x0F
        if byte & 0x70 != 0 { return .reservedBits }
        switch frame.opcode {
        case 0: return messageOpcode == 0 ? .strayContinuation : nil
        case 1, 2: return messageOpcode == 0 ? nil : .missingContinuation
        case 8, 9, 10: return frame.isFinal ? nil : .fragmentedControl
        default: return .reservedOpcode
        }
    }

    /// MASK and the short form of the length.
    private mutating func beginLength(_ byte: UInt8) -> WebSocketViolation? {
        if byte & 0x80 == 0 { return .unmasked }
        let length = byte & 0x7F
        if frame.isControl {
            if length > 125 { return .longControl }
            if frame.opcode == 8, length == 1 { return .truncatedCloseCode }
        }
        switch length {
        case 126: frame.headerSize = 8
        case 127: frame.headerSize = 14
        default:
            frame.headerSize = 6
            frame.remaining = UInt64(length)
            return endLength()
        }
        return nil
    }

    /// The length is known: the moment to refuse it, and to begin a message.
    private mutating func endLength() -> WebSocketViolation? {
        if frame.headerSize == 8, frame.remaining < 126 { return .wastefulLength }
        if frame.headerSize == 14, frame.remaining < 65536 { return .wastefulLength }
        if frame.isControl {
            control.forget()
            return nil
        }
        hasSeenData = true
        if frame.opcode != 0 {
            messageOpcode = frame.opcode
            text = UTF8Check()
        }
        if !discardsMessages, case .wholeMessages(let limit) = delivery,
            frame.remaining > UInt64(max(limit - payload.readableBytes, 0))
        {
            return .messageTooBig
        }
        return nil
    }

    private mutating func endFrame() {
        state = .header
        frame = Frame()
    }

    // MARK: Data

    private mutating func readData(_ input: inout ByteBuffer) -> Event? {
        var count = Int(min(frame.remaining, UInt64(input.readableBytes)))
        if case .pieces(let limit) = delivery { count = min(count, max(limit, 1)) }
        if count > 0 {
            hasSeenData = true
            guard take(count, from: &input) else { return finish(with: .violation(.invalidText)) }
            frame.remaining -= UInt64(count)
        }
        let isFinal = frame.isFinal && frame.remaining == 0
        let isText = messageOpcode == 1
        if frame.remaining == 0 { endFrame() }
        if isFinal { messageOpcode = 0 }
        if discardsMessages { return nil }
        if isFinal, isText, !text.isComplete { return finish(with: .violation(.invalidText)) }
        switch delivery {
        case .wholeMessages: guard isFinal else { return nil }
        case .pieces: guard isFinal || count > 0 else { return nil }
        }
        payloadIsReported = true
        return .data(isText: isText, isFinal: isFinal)
    }

    /// Moves bytes from the input to the payload, unmasked.
    ///
    /// - Returns: `false` for text that is not UTF-8.
    private mutating func take(_ count: Int, from input: inout ByteBuffer) -> Bool {
        defer { input.moveReaderIndex(forwardBy: count) }
        if discardsMessages {
            frame.mask.advance(by: count)
            return true
        }
        let isText = messageOpcode == 1
        var isValid = true
        if payload.readableBytes == 0 { payload.clear(minimumCapacity: count) }
        payload.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            input.withUnsafeReadableBytes { source in
                let isASCII = frame.mask.unmask(UnsafeRawBufferPointer(rebasing: source[..<count]), into: target)
                if isText, !isASCII || !text.isComplete {
                    isValid = text.accepts(UnsafeRawBufferPointer(rebasing: target[..<count]))
                }
            }
            return count
        }
        return isValid
    }

    private mutating func forgetPayload() {
        payload.forget()
        payloadIsReported = false
    }

    // MARK: Control frames

    private mutating func readControl(_ input: inout ByteBuffer) -> Event? {
        let count = Int(min(frame.remaining, UInt64(input.readableBytes)))
        if count > 0 {
            control.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
                input.withUnsafeReadableBytes { source in
                    _ = frame.mask.unmask(UnsafeRawBufferPointer(rebasing: source[..<count]), into: target)
                }
                return count
            }
            input.moveReaderIndex(forwardBy: count)
            frame.remaining -= UInt64(count)
        }
        guard frame.remaining == 0 else { return nil }
        let opcode = frame.opcode
        endFrame()
        switch opcode {
        case 9: return .ping
        case 10: return .pong
        default: return finish(with: readClose())
        }
    }

    private mutating func readClose() -> Event {
        guard let code = control.readInteger(as: UInt16.self) else { return .close(nil) }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return .violation(.forbiddenCloseCode)
        }
        var reason = UTF8Check()
        guard control.withUnsafeReadableBytes({ reason.accepts($0) }), reason.isComplete else {
            return .violation(.invalidText)
        }
        return .close(WebSocketErrorCode(codeNumber: Int(code)))
    }

    // MARK: Sharing buffers

    /// Lends the reader a buffer to put the next message into, if it has none at work.
    package mutating func lend(_ buffer: inout ByteBuffer) {
        if payload.capacity == 0 { swap(&payload, &buffer) }
    }

    /// Takes a buffer back that holds nothing of an unfinished message.
    package mutating func takeBack(into buffer: inout ByteBuffer) {
        if payloadIsReported { forgetPayload() }
        if payload.readableBytes == 0, payload.capacity > 0 {
            buffer = payload
            payload = ByteBuffer()
        }
    }
}

extension ByteBuffer {
    /// Empties the buffer and keeps its memory, unless somebody else still holds it.
    mutating func forget() {
        if modifyIfUniquelyOwned({ $0.clear() }) == nil { self = ByteBuffer() }
    }
}
