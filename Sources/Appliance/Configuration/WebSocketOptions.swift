internal import Foundation

/// The settings that `--websocket-protocol-option` can change, in the words of the original's WebSocket library.
///
/// Source: autobahn-python, `WebSocketServerFactory.setProtocolOptions`.
package struct WebSocketOptions: Equatable, Sendable {
    /// Connections that are idle for this long get a Ping; zero: none.
    package var pingInterval = Duration.seconds(60)
    /// A client that stays silent for this long after a Ping is gone; zero: never.
    package var pingTimeout = Duration.seconds(600)
    /// How long a request may take.
    package var openingTimeout = Duration.seconds(10)
    /// How long a closing connection may stand still.
    package var closingTimeout = Duration.seconds(5)
    /// The largest message and the largest frame taken from a client, in bytes; 0: the server's own limit.
    package var maximumMessageBytes = 0
    package var maximumFrameBytes = 0
    /// Clients connected at a time; 0: no limit of our own.
    package var maximumConnections = 0
    /// Options that were given and change nothing, for the log.
    package private(set) var ignored: [String] = []

    package init() {}

    /// Applies `NAME=JSON`.
    ///
    /// - Throws: ``ApplianceError`` for a missing `=`, text that is not JSON, a name that the original does not know and
    ///   a value that the setting cannot take.
    package mutating func apply(_ assignment: String) throws(ApplianceError) {
        guard let equals = assignment.firstIndex(of: "=") else {
            throw ApplianceError("WebSocket option '\(assignment)' is not of the form NAME=JSON")
        }
        let name = String(assignment[..<equals])
        let value: Value
        do {
            let text = Data(assignment[assignment.index(after: equals)...].utf8)
            value = try JSONDecoder().decode(Value.self, from: text)
        } catch {
            throw ApplianceError(
                "the value of WebSocket option '\(name)' is not JSON; strings need quotes of their own"
            )
        }
        switch name {
        case "autoPingInterval": pingInterval = try value.duration(of: name)
        case "autoPingTimeout": pingTimeout = try value.duration(of: name)
        case "openHandshakeTimeout": openingTimeout = try value.duration(of: name)
        case "closeHandshakeTimeout": closingTimeout = try value.duration(of: name)
        case "maxMessagePayloadSize": maximumMessageBytes = try value.count(of: name)
        case "maxFramePayloadSize": maximumFrameBytes = try value.count(of: name)
        case "maxConnections": maximumConnections = try value.count(of: name)
        case let name where Self.withoutEffect.contains(name): ignored.append(name)
        default: throw ApplianceError("there is no WebSocket option '\(name)'")
        }
    }

    /// Names the original takes whose effect is fixed here: to what every client expects, or to the stricter choice.
    static let withoutEffect: Set<String> = [
        "allowNullOrigin", "allowedOrigins", "applyMask", "autoFragmentSize", "autoPingRestartOnAnyTraffic",
        "autoPingSize",
        "echoCloseCodeReason", "failByDrop", "flashSocketPolicy", "maskServerFrames", "perMessageCompressionAccept",
        "requireMaskedClientFrames", "serveFlashSocketPolicy", "tcpNoDelay", "trustXForwardedFor",
        "utf8validateIncoming",
        "versions", "webStatus",
    ]

    /// What a value can be, as far as anything here looks at it.
    private enum Value: Decodable {
        case number(Double)
        case null
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if (try? container.decode(Bool.self)) != nil {
                // A boolean must not pass for a number.
                self = .other
            } else if let number = try? container.decode(Double.self) {
                // `try?`: whatever is not a number is one of the values nobody looks at.
                self = .number(number)
            } else {
                self = .other
            }
        }

        /// Seconds, at most a year. `null` is the original's way to switch a time off.
        func duration(of name: String) throws(ApplianceError) -> Duration {
            switch self {
            case .null: return .zero
            case .number(let seconds) where (0...31_536_000).contains(seconds): return .seconds(seconds)
            case .number, .other: throw ApplianceError("WebSocket option '\(name)' takes a number of seconds")
            }
        }

        /// A whole number that fits 32 bits.
        func count(of name: String) throws(ApplianceError) -> Int {
            guard case .number(let number) = self, (0...2_147_483_647).contains(number), number == number.rounded()
            else {
                throw ApplianceError("WebSocket option '\(name)' takes a whole number that is not negative")
            }
            return Int(number)
        }
    }
}
