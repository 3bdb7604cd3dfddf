/// Why the admin endpoint cannot start.
package struct AdminError: Error, Equatable, CustomStringConvertible {
    /// One line for the person who started the server.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
