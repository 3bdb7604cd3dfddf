import LinuxIO
import WebSocketServer
import WormholeWire

extension ClientAddress {
    /// Where the client of an upgrade request is: the words of a proxy we trust, else the other end of the connection.
    ///
    /// `X-Real-IP` and `X-Real-Port` count only together and well-formed; otherwise both are ignored. An IPv4 address inside
    /// an IPv6 one is given as IPv4.
    ///
    /// - Parameter proxies: From which addresses such headers are believed; from a Unix socket they always are.
    /// A client that a PROXY protocol header tells of speaks for itself: its headers are not believed.
    ///
    /// - Returns: `nil` for a Unix socket without the words of a proxy.
    init?(of request: UpgradeRequest, trusting proxies: [AddressRange]) {
        if !request.isProxied, let told = ClientAddress(toldBy: request.head),
            request.peer.map({ speaker in proxies.contains { $0.contains(speaker) } }) ?? true
        {
            self = told
            return
        }
        guard let peer = request.peer else { return nil }
        self = peer.isIPv6 ? .ipv6(peer.text, port: Int(peer.port)) : .ipv4(peer.text, port: Int(peer.port))
    }

    /// Where limits count the client to; `nil` when the address is none.
    var network: SourceNetwork? {
        let bytes =
            switch self {
            case .ipv4(let text, _): IPAddress.bytes(ofIPv4: text)
            case .ipv6(let text, _): IPAddress.bytes(ofIPv6: text)
            }
        return bytes?.withUnsafeBytes { SourceNetwork(address: $0) }
    }

    private init?(toldBy head: RequestHead) {
        let addresses = head.values(of: "X-Real-IP")
        let ports = head.values(of: "X-Real-Port")
        guard addresses.count == 1, ports.count == 1, let port = Int(ports[0]), (0...65_535).contains(port),
            ports[0].utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.init(addresses[0], port: port)
    }

    /// - Parameter text: An IPv4 or IPv6 address, the latter without brackets or scope.
    private init?(_ text: String, port: Int) {
        if IPAddress.bytes(ofIPv4: text) != nil {
            self = .ipv4(text, port: port)
        } else if let bytes = IPAddress.bytes(ofIPv6: text) {
            if let mapped = IPAddress.mappedIPv4(bytes) {
                self = .ipv4(mapped.map(String.init).joined(separator: "."), port: port)
            } else {
                self = .ipv6(text, port: port)
            }
        } else {
            return nil
        }
    }
}
