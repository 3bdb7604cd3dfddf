import Foundation
import TestSupport
import Testing

@testable import Appliance

@Suite("StateDirectory")
struct StateDirectoryTests {
    @Test("systemd's folder is the standard, the first if there are several, otherwise the current one")
    func standard() {
        #expect(StateDirectory.standard { _ in nil } == ".")
        #expect(StateDirectory.standard { _ in "" } == ".")
        #expect(StateDirectory.standard { $0 == "STATE_DIRECTORY" ? "/var/lib/a:/var/lib/b" : nil } == "/var/lib/a")
    }

    @Test("names are in the folder, other paths are what they are")
    func paths() {
        #expect(StateDirectory.path(of: "relay.sqlite", in: "/var/lib/a") == "/var/lib/a/relay.sqlite")
        #expect(StateDirectory.path(of: "relay.sqlite", in: "/var/lib/a/") == "/var/lib/a/relay.sqlite")
        #expect(StateDirectory.path(of: "relay.sqlite", in: ".") == "relay.sqlite")
        #expect(StateDirectory.path(of: "/tmp/x", in: "/var/lib/a") == "/tmp/x")
        #expect(StateDirectory.path(of: ":memory:", in: "/var/lib/a") == ":memory:")
    }

    @Test("a folder that can be written passes and stays empty")
    func writable() throws {
        let folder = try TemporaryFolder()
        try StateDirectory.check(folder.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("a folder that is missing, or takes no files, is named with the reason")
    func unusable() throws {
        let folder = try TemporaryFolder()
        let missing = folder.path + "/none"
        let reason = "No such file or directory"
        #expect(throws: ApplianceError("cannot write to the state directory \(missing): \(reason)")) {
            try StateDirectory.check(missing)
        }
        #expect(throws: ApplianceError("cannot write to the state directory /proc: \(reason)")) {
            try StateDirectory.check("/proc")
        }
    }
}
