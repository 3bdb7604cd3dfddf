import LinuxIO

/// How an endpoint is written on the command line, where it may be left out.
enum EndpointText {
    /// Listens nowhere.
    static let none = "none"

    /// - Returns: `nil` for ``none``.
    /// - Throws: `EndpointError` with what is wrong.
    static func endpoint(_ text: String) throws(EndpointError) -> Endpoint? {
        text == none ? nil : try Endpoint(text)
    }

    /// - Returns: Nothing for ``none``.
    /// - Throws: `EndpointError` with what is wrong with the first that is no endpoint.
    static func endpoints(_ texts: [String]) throws(EndpointError) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for text in texts { if let endpoint = try endpoint(text) { endpoints.append(endpoint) } }
        return endpoints
    }
}
