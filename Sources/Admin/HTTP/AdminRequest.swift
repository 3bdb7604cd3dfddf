/// What the endpoint looks at in a request; all of it is the client's word.
struct AdminRequest: Equatable, Sendable {
    var method: String
    /// The path, unescaped, without its query.
    var path: String
    /// The query parameters that are present, among those a route knows; one without a value has an empty one.
    var parameters: [String: String] = [:]
    /// The `Accept` header.
    var accept: String?
    /// The `Host` header.
    var host: String?
    /// A proxy has sent this for someone else.
    var isForwarded = false
    /// A body is announced.
    var hasBody = false
}
