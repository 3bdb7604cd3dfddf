import Logging
import Observations
import Telemetry
import WormholeWire

/// Values for tests, with only what matters spelled out.
enum Sample {
    static let start = Timestamp(seconds: 1_795_233_643.0585732)
    static let fileTransfer = AppID(unchecked: "lothar.com/wormhole/text-or-file-xfer")

    static func transfer(
        started: Timestamp = start,
        bytes: UInt64 = 0,
        mood: TransitMood = .lonely,
        waiting: Duration? = nil
    ) -> TransitSummary {
        TransitSummary(
            started: started,
            totalTime: .milliseconds(400),
            waitingTime: waiting,
            totalBytes: bytes,
            mood: mood,
            session: mood == .happy ? .init(cause: .clientClose, duration: .seconds(2)) : nil
        )
    }

    static func nameplate(_ app: AppID = fileTransfer, started: Timestamp = start) -> NameplateSummary {
        NameplateSummary(
            appID: app,
            started: started,
            waitingTime: .milliseconds(1500),
            totalTime: .seconds(4),
            result: .happy
        )
    }

    static func mailbox(started: Timestamp = start) -> MailboxSummary {
        MailboxSummary(
            appID: fileTransfer,
            isForNameplate: true,
            started: started,
            waitingTime: nil,
            totalTime: .milliseconds(2250),
            result: .scary
        )
    }

    static func binding(
        connected: Timestamp = start,
        implementation: String? = "python",
        version: String? = "0.24.0"
    ) -> ClientBinding {
        ClientBinding(
            appID: fileTransfer,
            side: Side(unchecked: "0123456789"),
            connected: connected,
            implementation: implementation,
            version: version
        )
    }

    static var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// The numbers of an exposition by what stands before them.
func samples(_ exposition: [UInt8]) -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in String(decoding: exposition, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
        guard let space = line.lastIndex(of: " ") else { continue }
        samples[String(line[..<space])] = Double(line[line.index(after: space)...])
    }
    return samples
}
