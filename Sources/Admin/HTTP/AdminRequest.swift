/// The head of a request, as far as the endpoint looks at it; all of it is the client's word.
struct AdminRequest: Equatable, Sendable {
    var method: String
    /// The path, unescaped, without its query.
    var path: String
    /// The query parameters in their order; one without a value has an empty one.
    var query: [QueryItem] = []
    /// The `Accept` header.
    var accept: String?
    /// The `Host` header.
    var host: String?
    /// The `Content-Type` header.
    var contentType: String?
    /// The `Authorization` header.
    var authorization: String?
    /// A proxy has sent this for someone else.
    var isForwarded = false
    /// The body is packed in some way.
    var isEncoded = false
    /// A body is announced.
    var hasBody = false
    /// Its length, where that is announced.
    var bodyLength: Int?

    struct QueryItem: Equatable, Sendable {
        let name: String
        let value: String
    }

    /// More than any route knows.
    static let maximumQueryItems = 32
}
