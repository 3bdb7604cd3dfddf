/// Gathers the head of an HTTP request from bytes that come in pieces of any size, and refuses what cannot become one as
/// soon as that shows: nobody waits for the end of a TLS greeting.
///
///     method ──SP──▶ request line ──▶ fields ──empty line──▶ complete
struct RequestHeadReader {
    enum Reading {
        /// The head ends here; what is left of the input stands behind it.
        case complete(RequestHead)
        case incomplete
        /// No request, or none of HTTP/1.0 or HTTP/1.1.
        case malformed
        /// Longer than the limit.
        case tooLong
    }

    private enum State {
        case method, requestLine, fields
    }

    private let limit: Int
    private var state = State.method
    private var bytes: [UInt8] = []
    private var lineStart = 0
    /// The last byte was a carriage return, which only a line feed may follow.
    private var isReturning = false

    /// - Parameter limit: The most bytes a head may have.
    init(limit: Int) {
        self.limit = limit
    }

    /// Reads on.
    ///
    /// - Parameter input: What came.
    /// - Returns: How many bytes of it belong to the head, and what that is so far.
    mutating func read(_ input: UnsafeRawBufferPointer) -> (consumed: Int, Reading) {
        for (index, byte) in input.enumerated() {
            guard bytes.count + index < limit else { return (index, .tooLong) }
            guard accepts(byte, at: bytes.count + index) else { return (index, .malformed) }
            guard byte == UInt8(ascii: "\n") else { continue }
            switch endLine(at: bytes.count + index, with: input, to: index) {
            case .goesOn: lineStart = bytes.count + index + 1
            case .malformed: return (index, .malformed)
            case .complete:
                bytes.append(contentsOf: input[...index])
                return (index + 1, RequestHead(bytes).map(Reading.complete) ?? .malformed)
            }
        }
        if bytes.isEmpty { bytes.reserveCapacity(max(512, input.count)) }
        bytes.append(contentsOf: input)
        return (input.count, .incomplete)
    }

    private mutating func accepts(_ byte: UInt8, at position: Int) -> Bool {
        if isReturning, byte != UInt8(ascii: "\n") { return false }
        isReturning = byte == UInt8(ascii: "\r")
        switch byte {
        case UInt8(ascii: "\r"), UInt8(ascii: "\n"): return true
        case UInt8(ascii: "\t"): return state == .fields
        case 0..<0x20, 0x7F: return false
        case UInt8(ascii: " ") where state == .method:
            state = .requestLine
            return position > lineStart
        default: return state != .method || isTokenByte(byte)
        }
    }

    private enum LineEnd {
        case goesOn, complete, malformed
    }

    /// A line feed has come.
    private mutating func endLine(at position: Int, with input: UnsafeRawBufferPointer, to index: Int) -> LineEnd {
        let length = position - lineStart
        // Alone, or behind a carriage return.
        let isEmpty = length == 0 || (length == 1 && byte(at: lineStart, input, index) == UInt8(ascii: "\r"))
        switch state {
        // An empty line or more may stand before the request; RFC 9112, section 2.2.
        case .method: return isEmpty ? .goesOn : .malformed
        case .requestLine:
            var line = Array(bytes[min(lineStart, bytes.count)...]) + input[max(lineStart - bytes.count, 0)..<index]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            state = .fields
            return RequestLine(0..<line.count, of: line) == nil ? .malformed : .goesOn
        case .fields: return isEmpty ? .complete : .goesOn
        }
    }

    /// The byte at a position of the head, of which `input` has not been taken over yet.
    private func byte(at position: Int, _ input: UnsafeRawBufferPointer, _ index: Int) -> UInt8 {
        position < bytes.count ? bytes[position] : input[position - bytes.count]
    }
}
