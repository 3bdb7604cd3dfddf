import NIOHTTP1

/// What RFC 6455, section 4.2.1, demands of a request for a WebSocket.
///
/// More lenient where that is harmless: any `Origin`, any path and `Host`, any offer of subprotocols and extensions.
enum UpgradeCheck {
    /// What is wrong with a request.
    enum Fault: Error, Equatable, CaseIterable {
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
    static func isRequested(by head: RequestHead) -> Bool {
        head.lists("websocket", in: "Upgrade")
    }

    /// - Returns: The key of a request that may be granted.
    /// - Throws: The first fault.
    static func key(of head: RequestHead) throws(Fault) -> ArraySlice<UInt8> {
        if head.method != .get { throw .notGet }
        if !isRequested(by: head) { throw .notForWebSocket }
        if head.version != .http11 { throw .oldHTTP }
        if head.count(of: "Host") != 1 { throw .host }
        if !head.lists("upgrade", in: "Connection") { throw .connectionHeader }
        guard let key = head.only("Sec-WebSocket-Key"), isKey(key) else { throw .key }
        guard let version = head.only("Sec-WebSocket-Version") else { throw .noVersion }
        guard version.elementsEqual("13".utf8) else { throw .otherVersion }
        if head.count(of: "Transfer-Encoding") > 0 || head.values(of: "Content-Length").contains(where: { $0 != "0" }) {
            throw .body
        }
        return key
    }

    /// 16 bytes in Base64: 22 characters and two `=`.
    private static func isKey(_ bytes: ArraySlice<UInt8>) -> Bool {
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
