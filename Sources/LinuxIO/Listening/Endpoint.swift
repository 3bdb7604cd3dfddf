/// Where to listen, as operators write it.
///
///     tcp:4000                                  IPv4 and IPv6, all addresses; see ``Endpoint/Wildcard``
///     tcp:4000:interface=127.0.0.1:backlog=128  one address; colons of IPv6 are escaped: interface=\:\:1
///     tcp6:4000
///     unix:/run/mailbox.sock:mode=660:lockfile=0
///     systemd:mailbox  systemd:domain=INET6:index=0  systemd:domain=UNIX:name=mailbox
///     haproxy:tcp:4000                          any of these, behind a proxy that sends a PROXY protocol header
///
/// Source: the endpoint description syntax of Twisted, of which this is the part the wormhole servers need.
package struct Endpoint: Sendable, Equatable, CustomStringConvertible {
    /// What a listener is asked to be.
    enum Target: Sendable, Equatable {
        case tcp(port: UInt16, interface: Interface, backlog: Int32)
        case unix(path: String, mode: UInt32, backlog: Int32, takesOver: Bool)
        case inherited(InheritedSelection)
    }

    /// The address a TCP listener binds to.
    enum Interface: Sendable, Equatable {
        /// One socket for IPv6 and IPv4; IPv4 alone where the host has no IPv6.
        case all
        /// A numeric address of either family.
        case address(String)
    }

    /// Connections the kernel may keep until they are accepted, unless told otherwise.
    static let defaultBacklog: Int32 = 1024

    /// What `tcp` without an interface listens on.
    package enum Wildcard: Sendable {
        case everyAddress
        /// As the original mailbox server.
        case everyIPv4Address
    }

    /// The endpoint as it was written.
    package let description: String
    let target: Target
    /// Whether every connection begins with a ``ProxyHeader``.
    package let expectsProxyHeader: Bool

    /// - Throws: ``EndpointError`` with the part that is wrong: the type, a key, a number, an address.
    package init(_ description: String, wildcard: Wildcard = .everyAddress) throws(EndpointError) {
        self.description = description
        let prefix = "haproxy:"
        expectsProxyHeader = description.hasPrefix(prefix)
        var fields: EndpointFields
        do throws(EndpointError) {
            fields = try EndpointFields(expectsProxyHeader ? String(description.dropFirst(prefix.count)) : description)
        } catch {
            throw EndpointError(endpoint: description, reason: error.reason)
        }
        do throws(Complaint) {
            switch fields.type {
            case "tcp":
                let interface = wildcard == .everyAddress ? "" : "0.0.0.0"
                target = try Self.tcp(&fields, wildcard: interface, loopback: "127.0.0.1", isIPv6: false)
            case "tcp6": target = try Self.tcp(&fields, wildcard: "::", loopback: "::1", isIPv6: true)
            case "unix": target = try Self.unix(&fields)
            case "systemd": target = .inherited(try Self.inherited(&fields))
            case "haproxy":
                throw Complaint("haproxy: is followed by the endpoint to listen on, such as haproxy:tcp:4000")
            case "ssl", "tls":
                throw Complaint("\(fields.type) endpoints are not supported yet")
            case let type where type.allSatisfy(\.isNumber):
                throw Complaint("a number alone is not an endpoint, write tcp:\(type)")
            case let type:
                throw Complaint("unknown type '\(type)', use tcp, tcp6, unix, systemd or haproxy")
            }
            if let leftover = fields.leftover { throw Complaint(leftover) }
        } catch {
            throw EndpointError(endpoint: description, reason: error.reason)
        }
    }

    /// What is wrong, before it is known with which endpoint.
    private struct Complaint: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private static func tcp(
        _ fields: inout EndpointFields,
        wildcard: String,
        loopback: String,
        isIPv6: Bool
    ) throws(Complaint) -> Target {
        guard let text = fields.takeArgument("port"), !text.isEmpty else { throw Complaint("the port is missing") }
        guard let port = decimal(text, as: UInt16.self) else {
            throw Complaint("port '\(text)' is not a number from 0 to 65535")
        }
        let named = fields.takeNamed("interface") ?? ""
        let interface = named.isEmpty ? wildcard : named
        let backlog = try backlog(&fields)
        switch interface {
        case "", "::":
            return .tcp(port: port, interface: .all, backlog: backlog)
        case "localhost":
            return .tcp(port: port, interface: .address(loopback), backlog: backlog)
        default:
            guard let address = SocketAddressStorage(numericHost: interface, port: port) else {
                throw Complaint("interface '\(interface)' is neither an address nor localhost")
            }
            guard !isIPv6 || address.isIPv6 else {
                throw Complaint("interface '\(interface)' is not an IPv6 address")
            }
            return .tcp(port: port, interface: .address(interface), backlog: backlog)
        }
    }

    private static func unix(_ fields: inout EndpointFields) throws(Complaint) -> Target {
        guard let path = fields.takeArgument("address"), !path.isEmpty else { throw Complaint("the path is missing") }
        guard SocketAddressStorage(path: path) != nil else {
            throw Complaint("the path is longer than \(SocketAddressStorage.maximumPathBytes) bytes")
        }
        var mode: UInt32 = 0o666
        if let text = fields.takeNamed("mode") {
            guard text.allSatisfy({ ("0"..."7").contains($0) }), let number = UInt32(text, radix: 8), number <= 0o777
            else { throw Complaint("mode '\(text)' is not an octal number from 0 to 777") }
            mode = number
        }
        let backlog = try backlog(&fields)
        let lockfile = fields.takeNamed("lockfile") ?? "1"
        guard lockfile == "0" || lockfile == "1" else { throw Complaint("lockfile '\(lockfile)' is neither 0 nor 1") }
        return .unix(path: path, mode: mode, backlog: backlog, takesOver: lockfile == "1")
    }

    private static func inherited(_ fields: inout EndpointFields) throws(Complaint) -> InheritedSelection {
        let index = fields.takeNamed("index")
        let name = fields.takeNamed("name")
        let domain = fields.takeNamed("domain")
        let argument = domain ?? fields.takeArgument("domain")
        var family: InheritedSelection.Family?
        if let argument, index != nil || name != nil {
            family = .init(rawValue: argument)
            if family == nil { throw Complaint("domain '\(argument)' is none of INET, INET6 and UNIX") }
        }
        switch (index, name, argument) {
        case (let text?, nil, _):
            guard let number = decimal(text, as: UInt16.self) else {
                throw Complaint("index '\(text)' is not a small number")
            }
            return InheritedSelection(family: family, key: .index(Int(number)))
        case (nil, let name?, _):
            return InheritedSelection(family: family, key: .name(name))
        case (nil, nil, let name?) where !name.isEmpty && domain == nil:
            return InheritedSelection(family: nil, key: .name(name))
        case (nil, nil, _):
            throw Complaint("the name of the socket is missing")
        case (.some, .some, _):
            throw Complaint("index and name exclude each other")
        }
    }

    private static func backlog(_ fields: inout EndpointFields) throws(Complaint) -> Int32 {
        guard let text = fields.takeNamed("backlog") else { return defaultBacklog }
        guard let number = decimal(text, as: Int32.self), number > 0 else {
            throw Complaint("backlog '\(text)' is not a positive number")
        }
        return number
    }

    /// Digits and nothing else; the standard library would also take a sign.
    private static func decimal<Number: FixedWidthInteger>(_ text: String, as type: Number.Type) -> Number? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Number(text) : nil
    }
}
