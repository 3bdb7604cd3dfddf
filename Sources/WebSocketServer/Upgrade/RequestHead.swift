/// The head of an HTTP request: the request line and the header fields.
///
/// Kept as it came, so that making one costs two allocations however many fields there are. Source: RFC 9112, sections 2 to 5.
package struct RequestHead: Sendable {
    package enum Method: Sendable {
        case get, head, other
    }

    package enum Version: Sendable {
        case http10, http11
    }

    package let method: Method
    package let version: Version
    private let bytes: [UInt8]
    private let target: Range<Int>
    private let pathRange: Range<Int>
    private var fields: [Field] = []

    private struct Field {
        let name: Range<Int>
        let value: Range<Int>
    }

    /// - Parameter bytes: A whole head, the empty line at its end included. Empty lines before it are passed over.
    /// - Returns: `nil` for anything but a request of HTTP/1.0 or HTTP/1.1.
    init?(_ bytes: [UInt8]) {
        var lines = Lines(bytes)
        guard let first = lines.nextOfText(), let line = RequestLine(first, of: bytes) else { return nil }
        self.bytes = bytes
        method = line.method
        version = line.version
        target = line.target
        pathRange = line.path
        fields.reserveCapacity(12)
        while let line = lines.next(), !line.isEmpty {
            guard let field = Self.field(in: line, of: bytes) else { return nil }
            fields.append(field)
        }
    }

    /// The request target as it was sent.
    package var uri: String { text(target) }

    /// The path of the request target, without the query.
    package var path: String { pathRange.isEmpty ? "/" : text(pathRange) }

    /// The values of all fields of this name, in whatever case, without the space around them.
    package func values(of name: StaticString) -> [String] {
        fields.compactMap { has(name, $0) ? text($0.value) : nil }
    }

    /// How many fields of this name there are.
    func count(of name: StaticString) -> Int {
        fields.count { has(name, $0) }
    }

    /// The bytes of the value, when there is exactly one field of this name.
    func only(_ name: StaticString) -> ArraySlice<UInt8>? {
        var found: ArraySlice<UInt8>?
        for field in fields where has(name, field) {
            if found != nil { return nil }
            found = bytes[field.value]
        }
        return found
    }

    /// Whether a field of this name lists `token`, which is in lower case; RFC 9110, section 5.6.1.
    func lists(_ token: StaticString, in name: StaticString) -> Bool {
        fields.contains { field in
            has(name, field)
                && bytes[field.value].split(separator: UInt8(ascii: ",")).contains { element in
                    isSame(element[trimmed(element.startIndex..<element.endIndex, in: bytes)], token)
                }
        }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func has(_ name: StaticString, _ field: Field) -> Bool {
        field.name.count == name.utf8CodeUnitCount && isSame(bytes[field.name], name)
    }

    /// field-name ":" OWS field-value OWS; RFC 9112, section 5.
    private static func field(in line: Range<Int>, of bytes: [UInt8]) -> Field? {
        guard let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")), colon > line.lowerBound else { return nil }
        let name = line.lowerBound..<colon
        guard bytes[name].allSatisfy(isTokenByte) else { return nil }
        return Field(name: name, value: trimmed(colon + 1..<line.upperBound, in: bytes))
    }
}

/// method SP request-target SP HTTP-version, the target in origin form or, as for a proxy, in absolute form; RFC 9112,
/// section 3.
struct RequestLine {
    let method: RequestHead.Method
    let target: Range<Int>
    /// Of the target, without the query; empty when it has none.
    let path: Range<Int>
    let version: RequestHead.Version

    init?(_ line: Range<Int>, of bytes: [UInt8]) {
        let space = UInt8(ascii: " ")
        guard let first = bytes[line].firstIndex(of: space), first > line.lowerBound,
            bytes[line.lowerBound..<first].allSatisfy(isTokenByte),
            let second = bytes[first + 1..<line.upperBound].firstIndex(of: space), second > first + 1
        else { return nil }
        let version = bytes[second + 1..<line.upperBound]
        if version.elementsEqual("HTTP/1.1".utf8) {
            self.version = .http11
        } else if version.elementsEqual("HTTP/1.0".utf8) {
            self.version = .http10
        } else {
            return nil
        }
        let method = bytes[line.lowerBound..<first]
        self.method = method.elementsEqual("GET".utf8) ? .get : method.elementsEqual("HEAD".utf8) ? .head : .other
        target = first + 1..<second
        guard let path = Self.path(of: target, in: bytes) else { return nil }
        self.path = path
    }

    private static func path(of target: Range<Int>, in bytes: [UInt8]) -> Range<Int>? {
        let beforeQuery = target.lowerBound..<(bytes[target].firstIndex(of: UInt8(ascii: "?")) ?? target.upperBound)
        let slash = UInt8(ascii: "/")
        if bytes[target.lowerBound] == slash { return beforeQuery }
        let schemes: [StaticString] = ["http://", "https://"]
        guard let scheme = schemes.first(where: { isSame(bytes[target].prefix($0.utf8CodeUnitCount), $0) }) else {
            return nil
        }
        let authority = bytes[beforeQuery].dropFirst(scheme.utf8CodeUnitCount)
        guard let first = authority.first, first != slash else { return nil }
        return (authority.firstIndex(of: slash) ?? beforeQuery.upperBound)..<beforeQuery.upperBound
    }
}

/// The lines of some bytes, without their ends.
private struct Lines {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> Range<Int>? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { position = end + 1 }
        let hasReturn = end > position && bytes[end - 1] == UInt8(ascii: "\r")
        return position..<(hasReturn ? end - 1 : end)
    }

    /// The next line that is not empty.
    mutating func nextOfText() -> Range<Int>? {
        while let line = next() {
            if !line.isEmpty { return line }
        }
        return nil
    }
}

/// The range without the spaces and tabs around it.
private func trimmed(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isSpace(bytes[start]) { start += 1 }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    return start..<end
}

private func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// Whether bytes are the word, in whatever case.
private func isSame(_ bytes: ArraySlice<UInt8>, _ word: StaticString) -> Bool {
    guard bytes.count == word.utf8CodeUnitCount else { return false }
    var expected = word.utf8Start
    for byte in bytes {
        if lowercased(byte) != lowercased(expected.pointee) { return false }
        expected += 1
    }
    return true
}

private func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

/// What a method and a field name consist of; RFC 9110, section 5.6.2.
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
        UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default: false
    }
}
