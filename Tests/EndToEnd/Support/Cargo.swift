import Foundation
import Testing

/// Something to send, and the way to see whether it has arrived.
enum Cargo: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case text, emptyFile, oneByte, fiftyMegabytes, folder

    var testDescription: String { rawValue }

    /// What the sender's program is told.
    var argument: WormholeProgram.Cargo {
        switch self {
        case .text: .text(Self.words)
        case .emptyFile, .oneByte, .fiftyMegabytes: .file("cargo.bin")
        case .folder: .file("cargo")
        }
    }

    /// Bytes that have to pass the relay, at least; `nil` for what travels through the mailbox.
    var minimumRelayedBytes: Int? {
        switch self {
        case .text: nil
        case .emptyFile: 0
        case .oneByte: 1
        case .fiftyMegabytes: 50_000_000
        case .folder: Self.folderFiles.values.map(\.count).max()
        }
    }

    private static let words = "Grüße, 世界: \"quoted\" and \\ back"

    /// Files by their path; random, so that they do not become smaller when the clients pack them.
    private static let folderFiles: [String: Data] = [
        "a.txt": Data("a".utf8), "empty": Data(), "inner/deep/b.bin": randomBytes(100_000),
        "inner/c c.bin": randomBytes(1),
    ]

    /// Makes what is to be sent in `folder`.
    func pack(in folder: String) throws {
        switch self {
        case .text: break
        case .emptyFile: try Data().write(to: URL(filePath: folder + "/cargo.bin"))
        case .oneByte: try Data([0x0A]).write(to: URL(filePath: folder + "/cargo.bin"))
        case .fiftyMegabytes: try Self.randomBytes(50_000_000).write(to: URL(filePath: folder + "/cargo.bin"))
        case .folder:
            for (path, content) in Self.folderFiles {
                let file = URL(filePath: folder + "/cargo/" + path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try content.write(to: file)
            }
        }
    }

    /// Expects in `received` what was made in `sent`, by its SHA-256, or the text in the receiver's output.
    func expectArrival(from sent: String, in received: String, output: String) async throws {
        switch self {
        case .text:
            #expect(output.contains(Self.words))
        case .emptyFile, .oneByte, .fiftyMegabytes, .folder:
            let expected = try await Self.hashes(of: sent)
            #expect(!expected.isEmpty)
            #expect(try await Self.hashes(of: received) == expected)
        }
    }

    /// A line for each file below a folder: hash and relative path.
    private static func hashes(of folder: String) async throws -> [Substring] {
        let script = "cd \"$1\" && find . -type f -exec sha256sum {} +"
        return try await run("sh", "-c", script, "sh", folder).split(separator: "\n").sorted()
    }

    private static func randomBytes(_ count: Int) -> Data {
        var random = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        return Data(bytes.prefix(count))
    }
}
