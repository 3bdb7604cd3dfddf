internal import Admission
internal import LinuxIO

/// The operator's lists of addresses that may, or may not, come in: a range a line, `#` and what follows left out.
///
///     # the neighbours
///     192.0.2.0/24
///     2001:db8:7::/48
struct AccessFiles: Equatable, Sendable {
    /// Some hundred thousand lines.
    private static let maximumSize = 8 << 20

    var allow: String?
    var deny: String?

    /// What the files hold.
    struct Lists: Equatable, Sendable {
        /// `nil` without a file: from anywhere.
        var allowed: SourceRanges?
        var denied = SourceRanges()
    }

    /// The files there are.
    var paths: [String] { [allow, deny].compactMap(\.self) }

    /// - Throws: ``ApplianceError``, one line naming the file and, where it is one of its lines, that.
    func read() throws(ApplianceError) -> Lists {
        var lists = Lists()
        if let allow { lists.allowed = try Self.ranges(in: allow) }
        if let deny { lists.denied = try Self.ranges(in: deny) }
        return lists
    }

    private static func ranges(in path: String) throws(ApplianceError) -> SourceRanges {
        let contents: [UInt8]
        do throws(ApplianceError) {
            guard let bytes = try WholeFile.read(path, upTo: maximumSize) else { throw ApplianceError("there is none") }
            contents = bytes
        } catch {
            throw ApplianceError("the list of addresses \(path) cannot be read: \(error)")
        }
        var ranges = SourceRanges()
        for (place, line) in contents.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            // What is no UTF-8 is no range either.
            let text = String(decoding: line.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            guard let word = words.first else { continue }
            guard words.count == 1, let range = AddressRange(String(word)) else {
                throw ApplianceError("\(path), line \(place + 1): no range of addresses, such as 192.0.2.0/24")
            }
            guard ranges.insert(range) else {
                throw ApplianceError(
                    "\(path), line \(place + 1): IPv6 networks are told apart by 64 bits at most, IPv4 is written as IPv4"
                )
            }
        }
        return ranges
    }
}
