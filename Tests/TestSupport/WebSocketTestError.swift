/// What went wrong at a test's end of a connection.
package struct WebSocketTestError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A system call failed, with this `errno`.
        case system(CInt)
        /// Nothing happened until the deadline.
        case deadline
        /// The peer ended the connection before what was waited for had come.
        case ended
        /// The peer answered something else.
        case unexpected
    }

    package let code: Code
    /// What was being done.
    package let operation: String
    /// What had been received by then.
    package let received: [UInt8]

    package init(_ code: Code, _ operation: String, received: [UInt8] = []) {
        self.code = code
        self.operation = operation
        self.received = received
    }

    package var description: String {
        "\(operation): \(code), received \(received.count) bytes: \(String(decoding: received.prefix(400), as: UTF8.self))"
    }
}
