import Telemetry

/// One line of the route table: what is asked for, what it takes, what it answers. Requests are dispatched by it, and
/// `/openapi.json` is written from it.
struct AdminRoute: Sendable {
    enum Method: String, CaseIterable, Sendable {
        /// `HEAD` comes with it.
        case get = "GET"
        case put = "PUT"
        case post = "POST"

        /// Whether it changes something.
        var isChange: Bool { self != .get }
    }

    /// A query parameter; all are optional.
    struct Parameter: Sendable {
        let name: String
        let schema: JSONSchema
        let summary: String
        /// Whether a change of it is nothing without it.
        var isRequired = false
    }

    /// What may come back besides the refusals that every route knows.
    struct Answer: Sendable {
        let status: Int
        let contentType: String
        /// `nil` for what is not JSON.
        var schema: JSONSchema?
        let summary: String
    }

    enum Handler: Sendable {
        /// Reads atomics and snapshots, on the endpoint's own thread.
        case now(@Sendable (AdminCall) -> AdminResponse)
        /// Asks the services, or a disk; the endpoint goes on meanwhile.
        case later(patience: Duration, @Sendable (AdminCall) async throws(AdminRefusal) -> AdminResponse)
        /// Answers piece by piece.
        case stream(@Sendable (AdminCall) -> AdminStream)
    }

    let method: Method
    let path: String
    /// One sentence for a reader of the interface.
    let summary: String
    var parameters: [Parameter] = []
    /// What a change is told; an empty object where there is nothing to tell.
    var body: JSONSchema?
    let answers: [Answer]
    /// Whether an answer tells when clients come and go: it is withheld when privacy is strict.
    var tellsMoments = false
    /// How requests are counted.
    let metricPath: AdminPath
    /// How it is counted when it has taken effect.
    var action: AdminAction?
    let handler: Handler

    /// As `Allow` and OpenAPI name it.
    var methodNames: [String] { method == .get ? ["GET", "HEAD"] : [method.rawValue] }
}

/// One request that has passed every check, and what can be asked for its answer.
struct AdminCall: Sendable {
    let request: AdminRequest
    /// The query parameters a route knows, as values of their schemas.
    var parameters: [String: JSONValue] = [:]
    /// What a change was told.
    var body: JSONValue = [:]
    let telemetry: Telemetry
    let subject: any AdminSubject
    let rates: RateSampler
    let page: PageSource
}

extension AdminRoute {
    static let json = "application/json"
    static let plainText = "text/plain; charset=utf-8"
    /// How long a service's loop may take.
    static let patience = Duration.seconds(2)
}

extension AdminRoute.Answer {
    static func text(_ status: Int, _ summary: String) -> Self {
        Self(status: status, contentType: AdminRoute.plainText, summary: summary)
    }

    static func json(_ status: Int, _ schema: JSONSchema, _ summary: String) -> Self {
        Self(status: status, contentType: AdminRoute.json, schema: schema, summary: summary)
    }

    static func done(_ summary: String) -> Self { Self(status: 204, contentType: "", summary: summary) }
}
