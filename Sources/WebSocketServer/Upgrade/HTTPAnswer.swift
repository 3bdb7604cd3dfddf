import NIOCore
import NIOHTTP1

/// The answer to a request that does not become a WebSocket. The connection is closed behind it.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: String

    init(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The answer as it goes over the wire.
    ///
    /// - Parameter isForHead: Whether the request was `HEAD`, whose answer has everything but the body.
    func bytes(serverName: String, isForHead: Bool) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeStatusLine(status, serverName: serverName)
        var headers = headers
        if !headers.contains(name: "Content-Type"), !body.isEmpty {
            headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        }
        headers.replaceOrAdd(name: "Content-Length", value: String(body.utf8.count))
        // A 426 must say Upgrade here as well; RFC 9110, section 7.8.
        headers.replaceOrAdd(name: "Connection", value: headers.contains(name: "Upgrade") ? "Upgrade, close" : "close")
        for (name, value) in headers { bytes.writeHeader(name, value) }
        bytes.writeStaticString("\r\n")
        if !isForHead { bytes.writeString(body) }
        return bytes
    }
}

extension ByteBuffer {
    mutating func writeStatusLine(_ status: HTTPResponseStatus, serverName: String) {
        writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        writeHeader("Server", serverName)
    }

    mutating func writeHeader(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }
}
