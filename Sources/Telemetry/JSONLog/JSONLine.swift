import Observations
import WormholeWire

/// One usage record as a line of JSON: the columns of the usage database by name, then its kind.
///
///     {"started": 1795233643.0585732, "total_time": 0.4, "waiting_time": null, "total_bytes": 0, "mood": "lonely", "kind": "transit"}
///
/// The keys of a transfer stand in the order of the transit relay's operator guide.
struct JSONLine {
    /// The line with its line end.
    let bytes: [UInt8]

    init(_ record: UsageRecord) {
        var object = JSONObject()
        switch record {
        case .transit(let summary):
            object.add("started", summary.started.seconds)
            object.add("total_time", summary.totalTime.seconds)
            object.add("waiting_time", summary.waitingTime?.seconds)
            object.add("total_bytes", summary.totalBytes)
            object.add("mood", summary.mood.rawValue)
        case .nameplate(let summary):
            object.add("app_id", summary.appID.text)
            object.add("started", summary.started.seconds)
            object.add("waiting_time", summary.waitingTime?.seconds)
            object.add("total_time", summary.totalTime.seconds)
            object.add("result", summary.result.rawValue)
        case .mailbox(let summary):
            object.add("app_id", summary.appID.text)
            object.add("for_nameplate", summary.isForNameplate)
            object.add("started", summary.started.seconds)
            object.add("total_time", summary.totalTime.seconds)
            object.add("waiting_time", summary.waitingTime?.seconds)
            object.add("result", summary.result.rawValue)
        case .clientVersion(let binding):
            object.add("app_id", binding.appID.text)
            object.add("side", binding.side.text)
            object.add("connect_time", binding.connected.seconds)
            object.add("implementation", binding.implementation)
            object.add("version", binding.version)
        }
        object.add("kind", record.kind.rawValue)
        bytes = object.line
    }
}
