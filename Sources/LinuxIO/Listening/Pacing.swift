import Glibc

/// Congestion control where there is nothing to congest.
///
/// BBR spreads what a connection sends over time, with a timer for every burst. Between two processes of one machine that
/// costs two thirds of the processor time and of the speed, and spares nobody anything. Reno, which every kernel has and
/// everybody may use, sends at once.
enum Pacing {
    private static let unpaced = "reno"

    /// Has the connections of a listener sent at once, where the machine's congestion control would pace them. It cannot be
    /// switched off later, once a connection is there. Any other congestion control stays.
    ///
    /// The system calls are getsockopt(2) and setsockopt(2) with TCP_CONGESTION; tcp(7).
    static func avoid(on listener: CInt) {
        guard let name = congestionControl(of: listener), isPaced(name) else { return }
        // What cannot be set is slower, not wrong.
        _ = setsockopt(listener, CInt(IPPROTO_TCP), TCP_CONGESTION, unpaced, socklen_t(unpaced.utf8.count))
    }

    /// Every version of BBR has a name that begins so.
    static func isPaced(_ name: String) -> Bool { name.hasPrefix("bbr") }

    /// What a TCP socket uses, by the kernel's name; `nil` for any other.
    static func congestionControl(of socket: CInt) -> String? {
        var name = [UInt8](repeating: 0, count: 16)  // TCP_CA_NAME_MAX
        var length = socklen_t(name.count)
        guard getsockopt(socket, CInt(IPPROTO_TCP), TCP_CONGESTION, &name, &length) == 0 else { return nil }
        return String(decoding: name.prefix(Int(length)).prefix { $0 != 0 }, as: UTF8.self)
    }
}
