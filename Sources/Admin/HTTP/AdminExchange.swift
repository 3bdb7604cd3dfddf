import CMicroHTTPD
import Glibc

/// One request and its answer, as libmicrohttpd sees them. Valid within one callback.
struct AdminExchange {
    let connection: AdminConnectionHandle

    /// The head of the request. Bytes that are no UTF-8 are replaced, and then match no route.
    func request(url: UnsafePointer<CChar>, method: UnsafePointer<CChar>) -> AdminRequest {
        var request = AdminRequest(method: String(cString: method), path: String(cString: url))
        request.host = header("Host")
        request.isForwarded = header("X-Forwarded-For") != nil || header("Forwarded") != nil
        let length = header("Content-Length")
        request.hasBody = header("Transfer-Encoding") != nil || length.map { $0 != "0" } ?? false
        request.bodyLength = length.flatMap { Int($0) }
        request.accept = header("Accept")
        request.contentType = header("Content-Type")
        request.authorization = header("Authorization")
        request.isEncoded = header("Content-Encoding").map { $0.lowercased() != "identity" } ?? false
        request.query = query
        return request
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
        return queue(response, answer.status, contentType: answer.contentType, answer.headers)
    }

    /// Begins an answer that comes piece by piece. The pending request must live until the request is completed.
    func send(_ stream: AdminStream, of pending: PendingRequest) -> MHD_Result {
        let response = MHD_create_response_from_callback(
            UInt64.max,
            16 * 1024,
            AdminContext.readStream,
            Unmanaged.passUnretained(pending).toOpaque(),
            nil
        )
        return queue(response, 200, contentType: stream.contentType, [])
    }

    private func queue(
        _ response: OpaquePointer?,
        _ status: Int,
        contentType: String,
        _ further: [AdminResponse.Header]
    ) -> MHD_Result {
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        var headers = [
            AdminResponse.Header(name: "Cache-Control", value: "no-store"),
            AdminResponse.Header(name: "X-Content-Type-Options", value: "nosniff"),
        ]
        if !contentType.isEmpty { headers.append(.init(name: "Content-Type", value: contentType)) }
        for header in headers + further {
            guard MHD_add_response_header(response, header.name, header.value) == .YES else { return .NO }
        }
        return MHD_queue_response(connection.pointer, UInt32(status), response)
    }

    private func header(_ name: String) -> String? {
        guard let value = MHD_lookup_connection_value(connection.pointer, .HEADER_KIND, name) else { return nil }
        return String(cString: value)
    }

    private var query: [AdminRequest.QueryItem] {
        var items: [AdminRequest.QueryItem] = []
        withUnsafeMutablePointer(to: &items) { items in
            _ = MHD_get_connection_values(
                connection.pointer,
                .GET_ARGUMENT_KIND,
                { items, _, name, value in
                    guard let items = items?.assumingMemoryBound(to: [AdminRequest.QueryItem].self) else { return .NO }
                    let name = name.map { String(cString: $0) } ?? ""
                    items.pointee.append(.init(name: name, value: value.map { String(cString: $0) } ?? ""))
                    return items.pointee.count < AdminRequest.maximumQueryItems ? .YES : .NO
                },
                items
            )
        }
        return items
    }
}
