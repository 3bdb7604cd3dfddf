/// An answer of the endpoint.
struct AdminResponse: Equatable, Sendable {
    var status: Int
    var contentType: String
    /// Further headers.
    var headers: [Header] = []
    var body: [UInt8]

    struct Header: Equatable, Sendable {
        let name: String
        let value: String
    }

    /// A line of text.
    static func text(_ status: Int, _ text: String, headers: [Header] = []) -> Self {
        Self(
            status: status,
            contentType: "text/plain; charset=utf-8",
            headers: headers,
            body: Array((text + "\n").utf8)
        )
    }
}
