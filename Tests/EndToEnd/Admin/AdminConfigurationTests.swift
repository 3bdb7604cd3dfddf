import ArgumentParser
import Glibc
import TestSupport
import Testing

@testable import wormhole_server

@Suite("The configuration in force", .timeLimit(.minutes(1)))
struct AdminConfigurationTests {
    /// The long names of a command's options, from what it says of itself.
    private static func options(_ help: String) -> Set<String> {
        Set(help.matches(of: /(?m)^ +(?:-\w, )?--([a-z-]+)/).map { String($0.1) }).subtracting(["help", "version"])
    }

    @Test("every option of the command line is there, with its value and where that comes from")
    func complete() async throws {
        let server = try await RunningServer(
            "--require-hashcash=7",
            "--motd=hello",
            "--expire-after=some/app=9",
            "--websocket-protocol-option=autoPingInterval=7.5"
        )
        let answer = try JSON(try await server.get("/config"))
        let settings = try #require(answer["settings"])
        let options = Self.options(StartCommand.helpMessage(columns: 200))
        #expect(options.count > 60)
        for option in options.sorted() {
            #expect(settings[option]?["origin"]?.string != nil, "\(option) is not shown")
        }
        #expect(settings["require-hashcash"]?["value"] == 7)
        #expect(settings["motd"]?["value"] == "hello" && settings["motd"]?["origin"] == "command line")
        #expect(settings["expire-after"]?["value"]?.array == ["660", "some/app=9"])
        let webSocket = settings["websocket-protocol-option"]
        #expect(
            webSocket?["value"]?["autoPingInterval"]?.number == 7.5 && webSocket?["value"]?["autoPingTimeout"] == 90
        )
        #expect(webSocket?["origin"] == "command line")
        #expect(settings["command-rate"]?["origin"] == "default")
        #expect(try await server.end(with: SIGTERM) == .exited(0))
    }

    @Test("the options of one service alone are there as well, under the names they have there")
    func singleServices() async throws {
        for (command, help) in [
            ("mailbox", MailboxCommand.helpMessage(columns: 200)),
            ("transit", TransitCommand.helpMessage(columns: 200)),
        ] {
            let folder = try TemporaryFolder()
            let child = try ChildProcess(
                Repository.server(),
                [command, "--port=\(RunningServer.anyPort)", "--admin=unix:\(folder.path)/admin.sock"]
                    + (command == "mailbox" ? ["--channel-db=:memory:"] : [])
            )
            try await child.errors("it is ready") { $0.contains("[server] ready") }
            let answer = try await run(
                "curl",
                "--silent",
                "--unix-socket",
                "\(folder.path)/admin.sock",
                "http://localhost/config"
            )
            let settings = try #require(try JSON(answer)["settings"])
            for option in Self.options(help).sorted() {
                #expect(settings[option]?["origin"]?.string != nil, "\(option) of \(command) is not shown")
            }
            #expect(settings["port"]?["origin"] == "command line")
            let limits = try await run(
                "curl",
                "--silent",
                "--unix-socket",
                "\(folder.path)/admin.sock",
                "--json",
                #"{"persist": true}"#,
                "--request",
                "PUT",
                "--write-out",
                "%{http_code}",
                "http://localhost/limits"
            )
            #expect(limits.hasSuffix("409") && limits.contains("no state folder"), "\(limits)")
            child.send(signal: SIGTERM)
            #expect(try await child.end() == .exited(0))
        }
    }
}
