import Appliance
import ArgumentParser
import LinuxIO

/// What can be said about the mailbox server, in the original's spelling.
struct MailboxOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The database of what is waiting; ':memory:' to keep nothing.", valueName: "file")
    )
    var channelDb = "relay.sqlite"

    @Flag(help: "Never tell clients which nameplates there are.")
    var disallowList = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Tell clients that this is current.", valueName: "version"))
    var advertiseVersion: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Make all clients quit with this text.", valueName: "text"))
    var signalError: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Show this text to all users.", valueName: "text"))
    var motd: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set an option of the WebSocket protocol; may be repeated.", valueName: "name=json")
    )
    var websocketProtocolOption: [String] = []

    func validate() throws {
        _ = try webSocketOptions()
    }

    func settings(endpoint: Endpoint, stateDirectory: String) throws -> MailboxSettings {
        let path = StateDirectory.path(of: channelDb, in: stateDirectory)
        var settings = MailboxSettings(endpoint: endpoint, channelDatabasePath: path)
        settings.allowsList = !disallowList
        settings.advertisedVersion = advertiseVersion
        settings.errorSignal = signalError
        settings.messageOfTheDay = motd
        settings.webSocket = try webSocketOptions()
        return settings
    }

    private func webSocketOptions() throws -> WebSocketOptions {
        var options = WebSocketOptions()
        do throws(ApplianceError) {
            for assignment in websocketProtocolOption { try options.apply(assignment) }
        } catch {
            throw ValidationError(error.description)
        }
        return options
    }
}
