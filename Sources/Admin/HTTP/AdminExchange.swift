import CMicroHTTPD
import Glibc

/// One request and its answer, as libmicrohttpd sees them. Valid within one callback.
struct AdminExchange {
    private let connection: OpaquePointer
    let request: AdminRequest

    init(connection: OpaquePointer, url: UnsafePointer<CChar>, method: UnsafePointer<CChar>) {
        self.connection = connection
        // Bytes that are no UTF-8 are replaced, and then match no route.
        var request = AdminRequest(method: String(cString: method), path: String(cString: url))
        request.host = Self.header("Host", of: connection)
        request.isForwarded =
            Self.header("X-Forwarded-For", of: connection) != nil || Self.header("Forwarded", of: connection) != nil
        request.hasBody =
            Self.header("Transfer-Encoding", of: connection) != nil
            || Self.header("Content-Length", of: connection).map { $0 != "0" } ?? false
        request.accept = Self.header("Accept", of: connection)
        for parameter in Self.parameters {
            if let value = Self.value(of: parameter, connection) { request.parameters[parameter] = value }
        }
        self.request = request
    }

    /// - Returns: `NO`, on which the library closes the connection, when there is no memory for the answer.
    func send(_ answer: AdminResponse) -> MHD_Result {
        let response = answer.body.withUnsafeBytes { body in
            // The library copies the body, and does not write to it.
            MHD_create_response_from_buffer(
                body.count,
                UnsafeMutableRawPointer(mutating: body.baseAddress),
                .RESPMEM_MUST_COPY
            )
        }
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        let headers =
            [
                AdminResponse.Header(name: "Content-Type", value: answer.contentType),
                AdminResponse.Header(name: "Cache-Control", value: "no-store"),
                AdminResponse.Header(name: "X-Content-Type-Options", value: "nosniff"),
            ] + answer.headers
        for header in headers {
            guard MHD_add_response_header(response, header.name, header.value) == .YES else { return .NO }
        }
        return MHD_queue_response(connection, UInt32(answer.status), response)
    }

    /// Every query parameter a route knows.
    private static let parameters = Set(AdminRoutes.all.flatMap(\.parameters))

    private static func header(_ name: String, of connection: OpaquePointer) -> String? {
        guard let value = MHD_lookup_connection_value(connection, .HEADER_KIND, name) else { return nil }
        return String(cString: value)
    }

    /// - Returns: `nil` when the parameter is absent.
    private static func value(of parameter: String, _ connection: OpaquePointer) -> String? {
        var value: UnsafePointer<CChar>?
        let result = MHD_lookup_connection_value_n(
            connection,
            .GET_ARGUMENT_KIND,
            parameter,
            parameter.utf8.count,
            &value,
            nil
        )
        guard result == .YES else { return nil }
        return value.map { String(cString: $0) } ?? ""
    }
}
