import ArgumentParser
import Glibc
import TestSupport
import Testing

@testable import wormhole_server

@Suite("The configuration in force", .timeLimit(.minutes(1)))
struct AdminConfigurationTests {
    /// Options of the WebSocket library of the original, which come as one text each.
    private static let unlisted: Set = ["websocket-protocol-option", "help", "version"]

    @Test("every option of the command line is there, with its value and where that comes from")
    func complete() async throws {
        let server = try await RunningServer("--require-hashcash=7", "--motd=hello")
        let answer = try JSON(try await server.get("/config"))
        let settings = try #require(answer["settings"])
        let help = StartCommand.helpMessage(columns: 200)
        let options = Set(help.matches(of: /(?m)^ +(?:-\w, )?--([a-z-]+)/).map { String($0.1) })
        #expect(options.count > 40)
        for option in options.subtracting(Self.unlisted).sorted() {
            #expect(settings[option]?["origin"]?.string != nil, "\(option) is not shown")
        }
        #expect(settings["require-hashcash"]?["value"] == 7)
        #expect(settings["motd"]?["value"] == "hello" && settings["motd"]?["origin"] == "command line")
        #expect(settings["command-rate"]?["origin"] == "default")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }
}
