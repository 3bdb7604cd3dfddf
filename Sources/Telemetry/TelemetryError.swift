/// Why telemetry cannot start. Its description is one line for the person who started the server.
package struct TelemetryError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// A path that cannot be opened, read, created or written.
        case unusableFile
        /// A file that is no usage database, or one we must not touch.
        case foreignDatabase
        /// A usage database that another program holds.
        case lockedDatabase
        /// A descriptor that is not open for writing.
        case unusableDescriptor
    }

    package let code: Code
    /// What is wrong, naming the file or the descriptor.
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
