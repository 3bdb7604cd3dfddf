import Admin
import Foundation
import TestSupport
import Testing

@testable import Appliance

@Suite("Limits that are kept in a file")
struct LimitFileTests {
    @Test("what is written is read, and nothing to keep is no file")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let file = LimitFile(in: folder.path)
        #expect(try file.read() == [:])
        try file.write(["session_rate": 1 << 50, "max_connections": 0])
        #expect(try file.read() == ["session_rate": 1 << 50, "max_connections": 0])
        try file.write(["idle_timeout": 5])
        #expect(try file.read() == ["idle_timeout": 5])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["limits.json"])
        try file.write([:])
        try file.write([:])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    private static let broken: [(text: String, reason: String)] = [
        ("", "not JSON"), ("{", "not JSON"), ("[]", "schema"), (#"{"schema": 2, "limits": {}}"#, "schema"),
        (#"{"limits": {}}"#, "schema"), (#"{"schema": 1, "limits": []}"#, "schema"),
        (#"{"schema": 1, "limits": {}, "more": 1}"#, "schema"), (#"{"schema": 1, "schema": 1}"#, "schema"),
        (#"{"schema": 1, "limits": {"nonsense": 1}}"#, "no limit of this name: nonsense"),
        (#"{"schema": 1, "limits": {"idle_timeout": -1}}"#, "idle_timeout is a whole number from 0 to 31536000"),
        (#"{"schema": 1, "limits": {"idle_timeout": 31536001}}"#, "idle_timeout is a whole number"),
        (#"{"schema": 1, "limits": {"idle_timeout": 1.5}}"#, "idle_timeout is not a whole number"),
        (#"{"schema": 1, "limits": {"idle_timeout": "1"}}"#, "idle_timeout is not a whole number"),
        (#"{"schema": 1, "limits": {"idle_timeout": 1, "idle_timeout": 2}}"#, "idle_timeout stands there twice"),
        (#"{"schema": 1, "limits": {"max_message_size": 1}}"#, "max_message_size cannot be changed"),
        (String(repeating: " ", count: 70_000), "longer than 65536 bytes"),
    ]

    @Test("what is broken is refused with the file's name and the reason", arguments: broken.indices)
    func refusal(index: Int) throws {
        let folder = try TemporaryFolder()
        let file = LimitFile(in: folder.path)
        try Data(Self.broken[index].text.utf8).write(to: URL(filePath: file.path))
        do {
            _ = try file.read()
            Issue.record("it was read")
        } catch {
            #expect(
                error.description.contains(file.path) && error.description.contains(Self.broken[index].reason),
                "\(error)"
            )
            #expect(!error.description.contains("\n"))
        }
    }

    @Test("whatever a file holds, it is read or refused", arguments: 0..<300 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let file = LimitFile(in: folder.path)
        var bytes = Array(#"{"schema": 1, "limits": {"idle_timeout": 5, "max_connections": 900}}"#.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...2, using: &random) {
            case 0: bytes[place] = .random(in: 0 ... .max, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
            }
        }
        try Data(bytes).write(to: URL(filePath: file.path))
        do {
            for (name, value) in try file.read() {
                #expect(LimitOverrides.problem(with: value, of: name) == nil, "seed \(seed)")
            }
        } catch {
            #expect(error.description.contains(file.path), "seed \(seed)")
        }
    }

    @Test("a folder that cannot be written is a reason, and the file is as before")
    func unwritable() throws {
        let file = LimitFile(in: "/proc")
        #expect(throws: ApplianceError.self) { try file.write(["idle_timeout": 5]) }
    }
}
