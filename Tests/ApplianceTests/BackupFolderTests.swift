import Admin
import Foundation
import LinuxIO
import TestSupport
import Testing

@testable import Appliance

@Suite("The folder of backups")
struct BackupFolderTests {
    private static func configuration(channel: String?, usage: String?, state: String?) throws -> ApplianceConfiguration
    {
        var configuration = ApplianceConfiguration()
        configuration.mailbox = try channel.map {
            MailboxSettings(endpoint: try Endpoint("tcp:0"), channelDatabasePath: $0)
        }
        configuration.records.databasePath = usage
        configuration.stateDirectory = state
        return configuration
    }

    @Test("copies have the names of the databases, unless both have one name")
    func names() throws {
        func copies(_ channel: String?, _ usage: String?, _ state: String? = "/s") throws -> [String]? {
            BackupFolder(for: try Self.configuration(channel: channel, usage: usage, state: state))?.copies.map(
                \.destination
            )
        }
        #expect(
            try copies("/s/relay.sqlite", "/s/usage.sqlite") == ["/s/backup/relay.sqlite", "/s/backup/usage.sqlite"]
        )
        #expect(try copies("/a/x.sqlite", "/b/x.sqlite") == ["/s/backup/channel-x.sqlite", "/s/backup/usage-x.sqlite"])
        #expect(try copies("/a/x.sqlite", nil, nil) == ["/a/backup/x.sqlite"])
        #expect(
            try copies(":memory:", "u.sqlite", nil) == ["./backup/u.sqlite"]
                || copies(":memory:", "u.sqlite", nil) == ["backup/u.sqlite"]
        )
        #expect(try copies(":memory:", nil) == nil)
        #expect(try copies(nil, nil) == nil)
    }

    @Test("a database that stands where its copy would go is left alone")
    func inPlace() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/backup", withIntermediateDirectories: true)
        let path = folder.path + "/backup/usage.sqlite"
        try Data("precious".utf8).write(to: URL(filePath: path))
        let backup = try #require(
            BackupFolder(for: try Self.configuration(channel: nil, usage: path, state: folder.path))
        )
        #expect(throws: AdminRefusal.self) { try backup.copyAll() }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }
}
