/// An answer of the endpoint.
struct AdminResponse: Equatable, Sendable {
    var status: Int
    /// Empty for an answer without a body.
    var contentType: String
    /// Further headers.
    var headers: [Header] = []
    var body: [UInt8]
    /// What the log is told of a change, besides what it was.
    var note: String?

    struct Header: Equatable, Sendable {
        let name: String
        let value: String
    }

    /// A line of text.
    static func text(_ status: Int, _ text: String, headers: [Header] = []) -> Self {
        Self(
            status: status,
            contentType: AdminRoute.plainText,
            headers: headers,
            body: Array((text + "\n").utf8)
        )
    }

    static func json(_ status: Int, _ value: JSONValue) -> Self {
        Self(status: status, contentType: AdminRoute.json, body: Array((value.text + "\n").utf8))
    }

    /// 204.
    static func done(_ note: String? = nil) -> Self {
        Self(status: 204, contentType: "", body: [], note: note)
    }
}
