import Foundation
import LinuxIO
import TestSupport
import Testing

@testable import Appliance

@Suite("Listeners")
struct ListenersTests {
    @Test("all are open before anything starts")
    func all() throws {
        let endpoint = try Endpoint("tcp:0:interface=127.0.0.1")
        var configuration = ApplianceConfiguration()
        configuration.admin = endpoint
        configuration.mailbox = MailboxSettings(endpoint: endpoint, channelDatabasePath: ":memory:")
        configuration.transit = TransitSettings(tcp: [endpoint, endpoint], webSocket: [endpoint, endpoint])
        let listeners = try Listeners.open(configuration)
        let names = listeners.names
        let ports = ([names.admin].compactMap(\.self) + names.transit + names.transitWebSocket).compactMap { Int($0) }
        #expect(Set(ports).count == 5)
        #expect(names.transitWebSocketPort == ports[3])
        #expect(listeners.transit.count == 2 && listeners.transitWebSocket.count == 2)
    }

    @Test("when one cannot be opened, nothing is left behind")
    func failure() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mailbox"
        let taken = try ListeningSocket.open(Endpoint("tcp:0:interface=127.0.0.1"))
        var configuration = ApplianceConfiguration()
        configuration.mailbox = try MailboxSettings(endpoint: Endpoint("unix:\(path)"), channelDatabasePath: ":memory:")
        let text = "tcp:\(taken.name):interface=127.0.0.1"
        configuration.transit = try TransitSettings(tcp: [Endpoint("tcp:0"), Endpoint(text)], webSocket: [])
        #expect(throws: ListenError(endpoint: text, reason: "address already in use")) {
            _ = try Listeners.open(configuration)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
