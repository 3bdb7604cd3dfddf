import Admission
import Foundation
import LinuxIO
import TestSupport
import Testing

@testable import Appliance

@Suite("Files of addresses")
struct AccessFilesTests {
    private static func read(deny text: String) throws -> AccessFiles.Lists {
        let folder = try TemporaryFolder()
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/deny"))
        return try AccessFiles(allow: nil, deny: folder.path + "/deny").read()
    }

    @Test("a range a line, with comments and white space")
    func lines() throws {
        let lists = try Self.read(deny: "# all\n\n 192.0.2.0/24\t# the neighbours\r\n2001:db8::/48\n10.0.0.1")
        #expect(lists.denied.count == 3 && lists.allowed == nil)
        #expect(try Self.read(deny: "").denied.count == 0)
    }

    @Test(
        "what is no range is told by its line",
        arguments: [
            "192.0.2.0/33", "192.0.2.1/24", "example.org", "1.2.3.4 5.6.7.8", "2001:db8::1", "\u{0}", "1.2.3.4/",
        ]
    )
    func refused(line: String) throws {
        do {
            _ = try Self.read(deny: "10.0.0.0/8\n\n\(line)\n")
            Issue.record("it was read")
        } catch let error as ApplianceError {
            #expect(error.description.contains("/deny, line 3: "), "\(error)")
        }
    }

    @Test("a file that is not there is no empty list")
    func missing() throws {
        #expect(throws: ApplianceError.self) { try AccessFiles(allow: "/nowhere/at/all", deny: nil).read() }
        #expect(throws: ApplianceError.self) { try AccessFiles(allow: nil, deny: "/").read() }
    }

    @Test("whatever a file holds, it is read or refused", arguments: 0..<200 as Range<UInt64>)
    func fuzz(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789abcdef:./# \n\t\u{FF}".utf8)
        let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        }
        let folder = try TemporaryFolder()
        try Data(bytes).write(to: URL(filePath: folder.path + "/deny"))
        do {
            _ = try AccessFiles(allow: nil, deny: folder.path + "/deny").read()
        } catch {
            #expect(error.description.contains(", line "), "seed \(seed)")
        }
    }
}
