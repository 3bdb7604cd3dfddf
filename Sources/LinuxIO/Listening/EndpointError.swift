/// An endpoint that was written wrongly, and what is wrong with it.
package struct EndpointError: Error, Equatable, CustomStringConvertible {
    /// The endpoint as the operator wrote it.
    package let endpoint: String
    /// What was wrong, naming the part.
    package let reason: String

    package init(endpoint: String, reason: String) {
        self.endpoint = endpoint
        self.reason = reason
    }

    package var description: String { "bad endpoint '\(endpoint)': \(reason)" }
}
