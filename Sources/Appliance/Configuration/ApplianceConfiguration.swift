package import LinuxIO
package import Logging
package import Telemetry

/// Everything the appliance has to know before it starts. Made by the command line, or by a test.
package struct ApplianceConfiguration: Sendable {
    /// Which services run, and which words the start-up lines use.
    package var mailbox: MailboxSettings?
    package var transit: TransitSettings?
    /// Where `/metrics` and its neighbours are; `nil`: nowhere.
    package var admin: Endpoint?
    /// The same where changes can be made without a token: a Unix socket, whose permissions decide who may.
    package var adminSocket: Endpoint?
    /// The file of the token for changes over TCP, and for everything over the network; `nil` when there is none.
    package var adminTokenFile: String?
    /// Whether the admin endpoint may listen on an address that others can reach. It takes a token then.
    package var allowsAdminNetwork = false
    /// Names besides the loopback ones by which the admin endpoint may be addressed.
    package var adminHosts: Set<String> = []

    /// The lists of addresses that alone may come in, and that may not; `nil` where there is none.
    package var allowFile: String?
    package var denyFile: String?
    /// Client versions that are counted each for itself.
    package var listedVersions: [String] = []

    /// The folder that must be writable before anything starts; `nil` when each database has a path of its own.
    package var stateDirectory: String?
    package var records = RecordSettings()

    /// How long relayed pairs may go on after the first signal to stop.
    package var drainTimeout = Duration.seconds(10)
    package var logLevel = Logger.Level.info
    package var logFormat = LogFormat.text
    /// Where log lines go; `nil`: standard error.
    package var logFile: String?
    /// How often the server is its own client, through its public listeners; zero: never.
    package var selfTestInterval = Duration.seconds(60)
    /// How often the state of the services is checked.
    package var consistencyInterval = Duration.seconds(300)

    package init() {}
}

/// The mailbox server's part of the configuration.
package struct MailboxSettings: Sendable {
    package var endpoint: Endpoint
    /// A path, or `:memory:`.
    package var channelDatabasePath: String
    /// Whether clients may ask which nameplates there are.
    package var allowsList = true
    package var advertisedVersion: String?
    /// Makes clients quit with this text.
    package var errorSignal: String?
    package var messageOfTheDay: String?
    package var webSocket = WebSocketOptions()
    /// Whether a commit survives a power cut, or only a crash of the process.
    package var survivesPowerCut = true
    /// How long an untouched mailbox lives, in seconds; by application where that is another.
    package var expirySeconds = 660
    package var expirySecondsPerApp: [String: Int] = [:]
    /// From where `X-Real-IP` and `X-Real-Port` are believed.
    package var trustedProxies = AddressRange.loopback
    /// Leading zero bits of the proof of work that is asked for; `nil`: none is.
    package var hashcashBits: Int?
    /// Whether clients without one are turned away.
    package var requiresHashcash = false
    package var limits = MailboxLimitSettings()
    /// Where address ids are kept, a path or `:memory:`; `nil`: there are none.
    package var addressDatabasePath: String?
    /// How long a generation of them lives.
    package var addressGenerationSeconds = 86_400

    package init(endpoint: Endpoint, channelDatabasePath: String) {
        self.endpoint = endpoint
        self.channelDatabasePath = channelDatabasePath
    }
}

/// What clients of the mailbox server may make it hold. 0 means unlimited.
package struct MailboxLimitSettings: Sendable, Equatable {
    /// At most ``largestMessage``, also where it is 0.
    package var messageBytes = 1 << 20
    package var messagesPerMailbox = 1000
    package var bytesPerMailbox = 8 << 20
    package var storedBytes = 256 << 20
    package var sendBufferBytes = 8 << 20
    package var bindSeconds = 120
    package var unfinishedUpgrades = 1024
    package var unfinishedUpgradesPerSource = 0
    /// Connected at a time; `nil`: four fifths of the descriptors, and no more than 20,000.
    package var connections: Int?
    package var connectionsPerSource = 0
    /// New connections a second, of all sources and of one.
    package var connectionRate = 0
    package var connectionRatePerSource = 0
    /// Commands of one connection a second.
    package var commandRate = 0
    /// Of one source a minute.
    package var allocateRate = 0
    package var claimRate = 0
    package var listRate = 0
    package var nameplatesPerSource = 0

    /// Bytes of a message that are more than the database takes for one value, and than one buffer holds, are far beyond this.
    package static let largestMessage = 512 << 20

    package init() {}
}

/// The transit relay's part of the configuration.
package struct TransitSettings: Sendable, Equatable {
    /// Where TCP and Unix-domain clients come in.
    package var tcp: [Endpoint]
    /// Where WebSocket clients come in.
    package var webSocket: [Endpoint]
    /// What clients are told to use, when that is not what we listen on. For the log alone.
    package var webSocketURL: String?
    package var limits = TransitLimitSettings()

    package init(tcp: [Endpoint], webSocket: [Endpoint]) {
        self.tcp = tcp
        self.webSocket = webSocket
    }
}

/// What clients of the relay may make it hold, and for how long. 0 means unlimited, and for ever.
package struct TransitLimitSettings: Sendable, Equatable {
    package var handshakeSeconds = 60.0
    package var waitSeconds = 0.0
    package var idleSeconds = 0.0
    package var stalledDrainSeconds = 60.0
    package var sessionSeconds = 0.0
    /// Payload of a pair, both ways together.
    package var sessionBytes = 0
    /// `nil`: four fifths of the descriptors.
    package var connections: Int?
    package var connectionsPerSource = 128
    package var handshakes = 1024
    package var handshakesPerSource = 32
    /// New ones a second.
    package var connectionRate = 0
    package var connectionRatePerSource = 0
    package var waitingPerSourceAndToken = 8
    /// Bytes a second.
    package var sessionRate = 0
    package var globalRate = 0
    /// For bulk, of 256 KiB each; with 0 every byte is copied.
    package var pipes = 128
    /// Threads that move bytes; 0: one for each processor.
    package var workers = 0

    /// What the original does: nobody is ended for being slow.
    package init() {}

    /// What a relay for everybody does: a day for a partner, half an hour for the next byte, and a brake on floods.
    package static var forEverybody: Self {
        var settings = Self()
        settings.waitSeconds = 86_400
        settings.idleSeconds = 1800
        settings.connectionRate = 500
        settings.connectionRatePerSource = 10
        return settings
    }
}

/// What is kept of the past, and how exactly.
package struct RecordSettings: Sendable {
    /// `nil`: no database.
    package var databasePath: String?
    package var schema = TelemetryConfiguration.UsageSchema.mailboxSuperset
    /// An open descriptor for lines of JSON.
    package var logDescriptor: CInt?
    package var logKinds = Set(RecordKind.allCases)
    /// Start times are rounded down to a multiple of this; 0 keeps them exact.
    package var blurSeconds = 0
    /// Whether nothing at all may tell more than the window.
    package var hasStrictPrivacy = false
    /// How long rows are kept in the database, in seconds; `nil`: for ever.
    package var retentionSeconds: Int?

    package init() {}
}
