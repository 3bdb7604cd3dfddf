import NIOHTTP1

/// What RFC 6455, section 4.2.1, demands of a request for a WebSocket.
///
/// More lenient where that is harmless: any `Origin`, any path and `Host`, any offer of subprotocols and extensions.
enum UpgradeCheck {
    /// What is wrong with a request.
    enum Fault: Equatable, CaseIterable {
        case notGet
        case notForWebSocket
        case oldHTTP
        case host
        case connectionHeader
        case key
        case noVersion
        case otherVersion
        case body

        /// The answer to it.
        var answer: HTTPAnswer {
            switch self {
            case .notGet:
                HTTPAnswer(.methodNotAllowed, ["Allow": "GET"], "")
            case .notForWebSocket:
                HTTPAnswer(.upgradeRequired, Self.offer, "This address speaks WebSocket.\n")
            case .otherVersion:
                HTTPAnswer(.upgradeRequired, Self.offer, "Sec-WebSocket-Version must be 13.\n")
            case .oldHTTP: HTTPAnswer(.badRequest, [:], "A WebSocket needs HTTP/1.1.\n")
            case .host: HTTPAnswer(.badRequest, [:], "There must be one Host header.\n")
            case .connectionHeader: HTTPAnswer(.badRequest, [:], "The Connection header must say Upgrade.\n")
            case .key: HTTPAnswer(.badRequest, [:], "There must be one Sec-WebSocket-Key of 16 bytes.\n")
            case .noVersion: HTTPAnswer(.badRequest, Self.offer, "There must be one Sec-WebSocket-Version.\n")
            case .body: HTTPAnswer(.badRequest, [:], "A request for a WebSocket has no body.\n")
            }
        }

        private static let offer: HTTPHeaders = ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"]
    }

    /// Whether a client asks for a WebSocket at all.
    static func isRequested(by head: HTTPRequestHead) -> Bool {
        has("websocket", in: "Upgrade", of: head)
    }

    /// - Returns: The first fault, or `nil` when the request may be granted.
    static func fault(in head: HTTPRequestHead) -> Fault? {
        let headers = head.headers
        if head.method != .GET { return .notGet }
        if !isRequested(by: head) { return .notForWebSocket }
        if (head.version.major, head.version.minor) < (1, 1) { return .oldHTTP }
        if headers["Host"].count != 1 { return .host }
        if !has("upgrade", in: "Connection", of: head) { return .connectionHeader }
        let keys = headers["Sec-WebSocket-Key"]
        guard keys.count == 1, isKey(keys[0]) else { return .key }
        let versions = headers["Sec-WebSocket-Version"]
        guard versions.count == 1 else { return .noVersion }
        guard versions[0] == "13" else { return .otherVersion }
        let lengths = headers["Content-Length"]
        if headers.contains(name: "Transfer-Encoding") || lengths.contains(where: { $0 != "0" }) { return .body }
        return nil
    }

    private static func has(_ token: String, in header: String, of head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: header].contains { $0.lowercased() == token }
    }

    /// 16 bytes in Base64: 22 characters and two `=`.
    private static func isKey(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count == 24, bytes.suffix(2).allSatisfy({ $0 == UInt8(ascii: "=") }) else { return false }
        return bytes.prefix(22).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
