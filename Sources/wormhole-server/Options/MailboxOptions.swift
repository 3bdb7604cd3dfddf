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

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What a reply survives: full, a power cut; normal, a crash of the server.",
            valueName: "mode"
        )
    )
    var channelSync = ChannelSync.full

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "How long an untouched mailbox lives (default: 660); APPID=SECONDS for one application; may be repeated.",
            valueName: "seconds"
        )
    )
    var expireAfter: [ExpiryOption] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Believe X-Real-IP and X-Real-Port from these addresses (default: this host); 'none'; may be repeated.",
            valueName: "cidr"
        )
    )
    var trustProxy: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Turn clients away that do not show this much proof of work.", valueName: "bits")
    )
    var requireHashcash: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Offer clients to show this much proof of work, and take those without.", valueName: "bits")
    )
    var offerHashcash: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give addresses ids, which logs and tables tell in their place; ':memory:' to keep no file.",
            valueName: "file"
        )
    )
    var addridDb: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("How long addresses keep their ids.", valueName: "seconds"))
    var generationDuration = 86_400

    @OptionGroup(title: "Limits of the mailbox server (0: unlimited)")
    var limits: MailboxLimitOptions

    /// What a commit of the channel database survives.
    enum ChannelSync: String, ExpressibleByArgument, CaseIterable {
        case full, normal
    }

    func validate() throws {
        _ = try webSocketOptions(.original)
        _ = try proxies()
        for (name, bits) in [("--require-hashcash", requireHashcash), ("--offer-hashcash", offerHashcash)] {
            if let bits, !(1...64).contains(bits) { throw ValidationError("\(name) takes 1 to 64 bits, not \(bits)") }
        }
        guard (1...3_153_600_000).contains(generationDuration) else {
            throw ValidationError("--generation-duration takes a number of seconds that is positive")
        }
        guard requireHashcash == nil || offerHashcash == nil else {
            throw ValidationError("--require-hashcash and --offer-hashcash exclude each other")
        }
    }

    func settings(
        endpoint: Endpoint,
        stateDirectory: String,
        profile: MailboxProfile
    ) throws -> MailboxSettings {
        let path = StateDirectory.path(of: channelDb, in: stateDirectory)
        var settings = MailboxSettings(endpoint: endpoint, channelDatabasePath: path)
        settings.allowsList = !disallowList
        settings.advertisedVersion = advertiseVersion
        settings.errorSignal = signalError
        settings.messageOfTheDay = motd
        settings.webSocket = try webSocketOptions(profile)
        settings.survivesPowerCut = channelSync == .full
        for expiry in expireAfter {
            if let app = expiry.app {
                settings.expirySecondsPerApp[app] = expiry.seconds
            } else {
                settings.expirySeconds = expiry.seconds
            }
        }
        settings.trustedProxies = try proxies()
        settings.hashcashBits = requireHashcash ?? offerHashcash
        settings.requiresHashcash = requireHashcash != nil
        settings.limits = limits.settings(profile)
        settings.addressDatabasePath = addridDb.map { StateDirectory.path(of: $0, in: stateDirectory) }
        settings.addressGenerationSeconds = generationDuration
        return settings
    }

    private func proxies() throws -> [AddressRange] {
        if trustProxy.isEmpty { return AddressRange.loopback }
        return try trustProxy.filter { $0 != "none" }.map { text in
            guard let range = AddressRange(text) else {
                throw ValidationError("'\(text)' is no range of addresses such as 192.0.2.0/24")
            }
            return range
        }
    }

    private func webSocketOptions(_ profile: MailboxProfile) throws -> WebSocketOptions {
        var options = WebSocketOptions()
        if profile == .standard {
            // The original's minute and ten minutes leave dead clients in place for long; no client needs them.
            options.pingInterval = .seconds(30)
            options.pingTimeout = .seconds(90)
        }
        do throws(ApplianceError) {
            for assignment in websocketProtocolOption { try options.apply(assignment) }
        } catch {
            throw ValidationError(error.description)
        }
        return options
    }
}
