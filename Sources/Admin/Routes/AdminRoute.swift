import Telemetry

/// One line of the route table.
struct AdminRoute: Sendable {
    let path: String
    /// `GET` alone so far; `HEAD` comes with it.
    let methods: [String]
    /// One sentence for a reader of the interface.
    let summary: String
    /// What the answer is.
    let contentType: String
    /// Query parameters it knows.
    let parameters: [String]
    /// How requests are counted.
    let metricPath: AdminPath
    let handler: @Sendable (AdminRequest, Telemetry) -> AdminResponse

    static func get(
        _ path: String,
        _ summary: String,
        contentType: String,
        parameters: [String] = [],
        countedAs metricPath: AdminPath,
        handler: @escaping @Sendable (AdminRequest, Telemetry) -> AdminResponse
    ) -> Self {
        Self(
            path: path,
            methods: ["GET", "HEAD"],
            summary: summary,
            contentType: contentType,
            parameters: parameters,
            metricPath: metricPath,
            handler: handler
        )
    }
}
