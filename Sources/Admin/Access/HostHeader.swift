/// The host a request was addressed to, as a browser puts it into `Host`.
///
/// A page in a browser can have a name of its own resolve to 127.0.0.1 and then talk to whatever listens there (DNS
/// rebinding); what it cannot do is send another name than its own. So only loopback names and listed ones are answered.
struct HostHeader {
    /// Lower case, without the port, and without the brackets of an IPv6 address.
    let name: String

    /// - Returns: `nil` for what is no host with an optional port.
    init?(_ value: String) {
        var rest = value.lowercased()[...]
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = String(rest[rest.index(after: rest.startIndex)..<end])
            rest = rest[rest.index(after: end)...]
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            name = String(rest[..<end])
            rest = rest[end...]
        }
        guard !name.isEmpty else { return nil }
        if rest.isEmpty { return }
        guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }), rest.count <= 6
        else {
            return nil
        }
    }

    /// `localhost`, `::1`, and the numeric addresses 127.0.0.0/8; no name that a resolver would be asked for.
    var isLoopback: Bool {
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.count <= 3 && part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
            }
    }
}
