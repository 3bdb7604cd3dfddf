/// A listener that could not be opened, and why.
package struct ListenError: Error, Equatable, CustomStringConvertible {
    /// The endpoint as the operator wrote it.
    package let endpoint: String
    /// What the system said, in words.
    package let reason: String

    package init(endpoint: String, reason: String) {
        self.endpoint = endpoint
        self.reason = reason
    }

    package var description: String { "cannot listen on \(endpoint): \(reason)" }
}
