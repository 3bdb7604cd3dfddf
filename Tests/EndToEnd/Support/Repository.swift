import Foundation
import Testing

/// Where things are: found from this file, so that any clone works in any folder.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The program under test: the release build, because that is what operators run.
    static func server() throws -> String {
        try existing(".build/release/wormhole-server", hint: "swift build -c release --product wormhole-server")
    }

    /// A program of the Python client's virtual environment, such as `wormhole` or `twist`.
    static func python(_ program: String) throws -> String {
        try existing(".build/test-tools/python/bin/\(program)", hint: "make test-tools")
    }

    /// A program unpacked from a Debian package, such as `promtool`.
    static func tool(_ program: String) throws -> String {
        try existing(".build/test-tools/bin/\(program)", hint: "make test-tools")
    }

    private static func existing(_ path: String, hint: String) throws -> String {
        let path = root.appending(path: path).path(percentEncoded: false)
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is missing; run: \(hint)")
        return path
    }
}
