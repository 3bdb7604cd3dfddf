/// What the endpoint looks at in a request; all of it is the client's word.
struct AdminRequest: Equatable, Sendable {
    var method: String
    /// The path, unescaped, without its query.
    var path: String
    /// Names of query parameters that are present, among those a route knows.
    var parameters: Set<String> = []
    /// The `Host` header.
    var host: String?
    /// A proxy has sent this for someone else.
    var isForwarded = false
    /// A body is announced.
    var hasBody = false
}
