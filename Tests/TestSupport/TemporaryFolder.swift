import Foundation

/// A folder of one test's own, removed with everything in it when nobody holds it any more.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// The name is short, because the path of a Unix socket may not be longer than 107 bytes.
    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/ws-" + UUID().uuidString.prefix(13)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        // Nothing depends on it: the system empties its temporary folder as well.
        try? FileManager.default.removeItem(atPath: path)
    }
}
