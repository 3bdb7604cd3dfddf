import Appliance
import ArgumentParser
import Foundation
import LinuxIO

/// What can be said about the transit relay, in the original's spelling.
struct TransitOptions: ParsableArguments {
    @Option(
        name: [.customShort("u"), .long],
        parsing: .unconditional,
        help: ArgumentHelp(
            "The WebSocket URL clients use, if it is not the endpoint: ws://HOST... or wss://HOST...",
            valueName: "url"
        )
    )
    var websocketUrl: String?

    @OptionGroup(title: "Limits of the relay (0: unlimited)")
    var limits: TransitLimitOptions

    func validate() throws {
        guard let websocketUrl else { return }
        let parts = URLComponents(string: websocketUrl)
        guard let scheme = parts?.scheme, ["ws", "wss"].contains(scheme), parts?.host?.isEmpty == false else {
            throw ValidationError("'\(websocketUrl)' is not a WebSocket URL such as wss://relay.example.org/")
        }
    }

    func settings(
        tcp: [Endpoint],
        webSocket: [Endpoint],
        standardLimits: TransitLimitSettings
    ) -> TransitSettings {
        var settings = TransitSettings(tcp: tcp, webSocket: webSocket)
        settings.webSocketURL = websocketUrl
        settings.limits = limits.settings(standard: standardLimits)
        return settings
    }
}
