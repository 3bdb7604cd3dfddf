import Glibc
import LinuxIO

/// What a connection tells whoever uses it at the moment.
protocol ConnectionUser: AnyObject {
    /// The connection is there. Not told of accepted ones.
    func connectionOpened(_ connection: Connection) throws(BenchmarkError)
    /// - Parameter bytes: Valid until this returns.
    func connection(_ connection: Connection, received bytes: UnsafeRawBufferPointer) throws(BenchmarkError)
    /// So many bytes came, of which nobody wants to know more: see ``Connection/discardsInput``.
    func connection(_ connection: Connection, discarded count: Int) throws(BenchmarkError)
    /// There is room to send.
    func connectionWritable(_ connection: Connection) throws(BenchmarkError)
    /// The peer will send no more.
    func connectionEnded(_ connection: Connection) throws(BenchmarkError)
    /// The connection is broken.
    func connectionFailed(_ connection: Connection, _ error: BenchmarkError) throws(BenchmarkError)
}

extension ConnectionUser {
    func connectionOpened(_ connection: Connection) throws(BenchmarkError) {}
    func connectionWritable(_ connection: Connection) throws(BenchmarkError) {}
    func connectionFailed(_ connection: Connection, _ error: BenchmarkError) throws(BenchmarkError) { throw error }
    func connection(_ connection: Connection, discarded count: Int) throws(BenchmarkError) {
        throw BenchmarkError("bytes were thrown away that somebody wanted")
    }
}

/// One TCP connection of a load generator. Confined to its loop's thread.
final class Connection: LoopPeer {
    /// Who is told; changes when a connection is handed on. Held until ``close()``.
    var user: (any ConnectionUser)?
    let loop: LoadLoop

    private var descriptor: Descriptor?
    private var tag: UInt64 = 0
    private var isOpening: Bool
    private var hasEnded = false
    /// Whether what comes is counted and thrown away by the kernel, which costs the generator no copy. The user is then told
    /// `connection(_:discarded:)`.
    var discardsInput = false
    /// What the socket did not take at once.
    private var unsent: [UInt8] = []

    /// How often it reads before others have their turn.
    private static let readsPerTurn = 4

    private init(_ descriptor: consuming Descriptor, isOpening: Bool, loop: LoadLoop, user: any ConnectionUser)
        throws(BenchmarkError)
    {
        self.isOpening = isOpening
        self.loop = loop
        self.user = user
        tag = try loop.add(self, descriptor)
        self.descriptor = consume descriptor
    }

    /// Connects to 127.0.0.1.
    ///
    /// - Parameter source: Which of the source addresses to take.
    static func open(
        port: UInt16,
        source: Int,
        loop: LoadLoop,
        user: any ConnectionUser
    ) throws(BenchmarkError) -> Connection {
        let flags = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let number = Glibc.socket(AF_INET, flags, 0)
        guard number >= 0 else { throw BenchmarkError("socket: \(String(cString: strerror(errno)))") }
        let descriptor = Descriptor(owning: number)
        set(TCP_NODELAY, level: CInt(IPPROTO_TCP), of: number)
        descriptor.avoidPacing()
        // The port is chosen when the destination is known, so that one port serves for many.
        set(IP_BIND_ADDRESS_NO_PORT, level: CInt(IPPROTO_IP), of: number)
        guard LoopbackAddress.source(source).withPointer({ Glibc.bind(number, $0, $1) }) == 0 else {
            throw BenchmarkError("bind: \(String(cString: strerror(errno)))")
        }
        let connected = LoopbackAddress.server(port: port).withPointer { Glibc.connect(number, $0, $1) }
        guard connected == 0 || errno == EINPROGRESS else {
            throw BenchmarkError("connect to port \(port): \(String(cString: strerror(errno)))")
        }
        return try Connection(descriptor, isOpening: true, loop: loop, user: user)
    }

    /// Takes over a connection that a listener has accepted.
    static func accepted(
        _ descriptor: consuming Descriptor,
        loop: LoadLoop,
        user: any ConnectionUser
    ) throws(BenchmarkError) -> Connection {
        try Connection(descriptor, isOpening: false, loop: loop, user: user)
    }

    /// Sends, at once as much as the socket takes and the rest when it takes more.
    func send(_ bytes: [UInt8]) throws(BenchmarkError) {
        guard unsent.isEmpty, !isOpening else {
            unsent += bytes
            return
        }
        let sent = try bytes.withBytes { bytes throws(BenchmarkError) in try sendSome(bytes) }
        if sent < bytes.count { unsent += bytes[sent...] }
    }

    /// Sends what the socket takes at once.
    ///
    /// - Returns: So many bytes; 0 when it has no room, and then `connectionWritable` follows.
    func sendSome(_ bytes: UnsafeRawBufferPointer) throws(BenchmarkError) -> Int {
        switch descriptor?.send(bytes) {
        case .moved(let count): return count
        case .wouldBlock, .ended, nil: return 0
        case .failed(let error): throw BenchmarkError("send: \(error)")
        }
    }

    /// Has the user called again after the others have had their turn.
    func runAgain() {
        loop.runAgain(tag)
    }

    /// Tells the peer that nothing more will come; it may still send.
    func finishSending() {
        descriptor?.finishSending()
    }

    func close() {
        guard descriptor != nil else { return }
        loop.remove(tag)
        descriptor = nil
        user = nil
    }

    func ready(_ readiness: Readiness) throws(BenchmarkError) {
        if isOpening {
            guard !readiness.contains(.failed) else { throw BenchmarkError("a connection was refused") }
            guard readiness.contains(.writable) else { return }
            isOpening = false
            try user?.connectionOpened(self)
        }
        if readiness.contains(.writable) {
            try flush()
            if unsent.isEmpty { try user?.connectionWritable(self) }
        }
        if !readiness.isDisjoint(with: [.readable, .peerFinished, .hungUp, .failed]) {
            try receive(untilEnd: !readiness.isDisjoint(with: [.peerFinished, .hungUp, .failed]))
        }
    }

    private func flush() throws(BenchmarkError) {
        while !unsent.isEmpty {
            let sent = try unsent.withBytes { bytes throws(BenchmarkError) in try sendSome(bytes) }
            guard sent > 0 else { return }
            unsent.removeFirst(sent)
        }
    }

    /// - Parameter untilEnd: Whether the end has been reported, which no further edge will announce.
    private func receive(untilEnd: Bool) throws(BenchmarkError) {
        for _ in 0..<Self.readsPerTurn {
            guard !hasEnded, let transfer = take() else { return }
            switch transfer {
            case .moved(let count):
                loop.lastRead = SystemClock.monotonicNanoseconds
                if discardsInput {
                    try user?.connection(self, discarded: count)
                } else {
                    try user?.connection(self, received: UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
                }
                if count < loop.scratch.count, !untilEnd { return }
            case .wouldBlock:
                return
            case .ended:
                hasEnded = true
                try user?.connectionEnded(self)
                return
            case .failed(let error):
                hasEnded = true
                try user?.connectionFailed(self, BenchmarkError("receive: \(error)"))
                return
            }
        }
        runAgain()
    }

    private func take() -> Transfer? {
        discardsInput ? descriptor?.discard(upTo: loop.scratch.count) : descriptor?.receive(into: loop.scratch)
    }

    private static func set(_ option: CInt, level: CInt, of number: CInt) {
        var on: CInt = 1
        // What cannot be set is slower, not wrong.
        _ = setsockopt(number, level, option, &on, socklen_t(MemoryLayout<CInt>.size))
    }
}

extension Descriptor {
    /// Sends, once it is connected, without pacing; a listener's connections inherit that.
    ///
    /// Clients are other machines, few of which use BBR. Where this one does, the generator's timers would run in the servers'
    /// time.
    func avoidPacing() {
        var name = Array("reno".utf8)
        // What cannot be set is slower, not wrong.
        _ = setsockopt(number, CInt(IPPROTO_TCP), TCP_CONGESTION, &name, socklen_t(name.count))
    }
}
