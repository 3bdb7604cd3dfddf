/// A short hash of a configuration: the same on servers that are configured alike, and another after any change.
///
/// It tells an operator which of several servers has been forgotten; it keeps nothing secret and proves nothing.
struct ConfigurationDigest: Equatable {
    /// Twelve hexadecimal digits.
    let text: String

    init(of configuration: ApplianceConfiguration) {
        // FNV-1a, 64 bits. The program's own hashes are other ones in every process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Self.description(of: configuration).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        text = String((String(repeating: "0", count: 16 - digits.count) + digits).suffix(12))
    }

    /// Every stored property by name, so that a setting cannot be forgotten; sets and dictionaries in order.
    static func description(of value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        let members = mirror.children.map { child in
            (child.label.map { "\($0)=" } ?? "") + description(of: child.value)
        }
        switch mirror.displayStyle {
        case .set, .dictionary: return "[\(members.sorted().joined(separator: ","))]"
        case .none where members.isEmpty: return "\"\(value)\""
        case .enum where members.isEmpty: return "\(value)"
        default: return "(\(members.joined(separator: ",")))"
        }
    }
}
