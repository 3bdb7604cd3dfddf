internal import LinuxIO
import Glibc
import Synchronization

/// The secret that a request shows as `Authorization: Bearer ...`, read from a file.
package struct AdminToken: Equatable, Sendable, CustomStringConvertible {
    /// Shorter ones can be guessed.
    static let lengths = 16...1024

    private let bytes: [UInt8]

    /// - Throws: ``AdminError``, one line: the file cannot be read, or what it holds is no token.
    package init(file path: String) throws(AdminError) {
        try self.init(Self.read(path), from: path)
    }

    /// - Parameter contents: The token; white space around it does not count.
    init(_ contents: [UInt8], from path: String) throws(AdminError) {
        let text = String(decoding: contents, as: UTF8.self).trimmed
        guard Self.lengths.contains(text.utf8.count) else {
            throw AdminError(
                "the admin token in \(path) is not of \(Self.lengths.lowerBound) to \(Self.lengths.upperBound) bytes"
            )
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AdminError("the admin token in \(path) is not of visible ASCII characters")
        }
        bytes = Array(text.utf8)
    }

    /// Whether a header's value shows this token. Takes the same time for every wrong one of the same length.
    func isShown(by header: String?) -> Bool {
        guard let header else { return false }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return false }
        let shown = Array(words[1].utf8)
        var difference = UInt8(shown.count == bytes.count ? 0 : 1)
        for (index, byte) in shown.enumerated() { difference |= byte ^ bytes[index % bytes.count] }
        return difference == 0
    }

    /// Never the secret.
    package var description: String { "(secret)" }

    private static func read(_ path: String) throws(AdminError) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            throw AdminError("cannot read the admin token file \(path): \(String(cString: strerror(errno)))")
        }
        let descriptor = Descriptor(owning: number)
        var buffer = [UInt8](repeating: 0, count: lengths.upperBound + 64)
        let count = Glibc.read(descriptor.number, &buffer, buffer.count)
        guard count >= 0 else {
            throw AdminError("cannot read the admin token file \(path): \(String(cString: strerror(errno)))")
        }
        return Array(buffer[..<count])
    }
}

/// The token in force, which a reload may replace while requests are checked.
package final class AdminTokenHolder: Sendable {
    private let token: Mutex<AdminToken?>

    /// - Parameter token: `nil` when there is none: then nobody can show it.
    package init(_ token: AdminToken?) {
        self.token = Mutex(token)
    }

    package func replace(with token: AdminToken) {
        self.token.withLock { $0 = token }
    }

    var exists: Bool { token.withLock { $0 != nil } }

    func isShown(by header: String?) -> Bool {
        token.withLock { $0 }?.isShown(by: header) ?? false
    }
}

extension String {
    /// Without white space at its ends.
    fileprivate var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
