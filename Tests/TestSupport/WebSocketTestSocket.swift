package import LinuxIO

import Glibc

/// A test's end of a TCP or Unix connection: plain sockets, every wait with a deadline, no server code.
package actor WebSocketTestSocket {
    /// How a connection ended.
    package enum Ending: Sendable, Equatable {
        /// The peer sent FIN.
        case orderly
        /// The peer, or its kernel, sent RST.
        case reset
    }

    private let executor = WebSocketTestExecutor()
    private var descriptor: Descriptor?
    /// The descriptor's number; meaningless once closed.
    private let number: CInt
    private var isClosed = false
    /// How long a wait goes on; generous, since it is only ever reached by a failure.
    package var deadline = Duration.seconds(20)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Takes over a connected socket.
    package init(owning descriptor: consuming Descriptor) {
        _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
        self.number = descriptor.number
        self.descriptor = consume descriptor
    }

    /// Connects over TCP.
    ///
    /// - Parameters:
    ///   - host: A numeric address.
    ///   - receiveBuffer: The size of the kernel's receive buffer, for tests about slow readers.
    package static func connect(
        port: Int,
        host: String = "127.0.0.1",
        from source: String? = nil,
        receiveBuffer: Int? = nil
    ) throws -> WebSocketTestSocket {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found?.pointee else {
            throw WebSocketTestError(.unexpected, "address \(host)")
        }
        defer { freeaddrinfo(found) }
        let descriptor = try open(family: address.ai_family)
        if let receiveBuffer { set(SO_RCVBUF, to: CInt(receiveBuffer), level: SOL_SOCKET, of: descriptor.number) }
        set(TCP_NODELAY, to: 1, level: CInt(IPPROTO_TCP), of: descriptor.number)
        if let source { try bind(descriptor.number, to: source) }
        guard Glibc.connect(descriptor.number, address.ai_addr, address.ai_addrlen) == 0 else {
            throw WebSocketTestError(.system(errno), "connect to port \(port)")
        }
        return WebSocketTestSocket(owning: descriptor)
    }

    /// Connects to a Unix socket.
    package static func connect(path: String) throws -> WebSocketTestSocket {
        let descriptor = try open(family: AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { space in
            guard path.utf8.count < space.count else { return false }
            space.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw WebSocketTestError(.unexpected, "path too long: \(path)") }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw WebSocketTestError(.system(errno), "connect to \(path)") }
        return WebSocketTestSocket(owning: descriptor)
    }

    private static func bind(_ descriptor: CInt, to source: String) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        guard inet_pton(AF_INET, source, &address.sin_addr) == 1 else {
            throw WebSocketTestError(.unexpected, "address \(source)")
        }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw WebSocketTestError(.system(errno), "bind to \(source)") }
    }

    private static func open(family: CInt) throws -> Descriptor {
        let number = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw WebSocketTestError(.system(errno), "socket") }
        return Descriptor(owning: number)
    }

    private static func set(_ option: CInt, to value: CInt, level: CInt, of descriptor: CInt) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    /// The port of this end; `nil` for a Unix socket.
    package var localPort: Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        guard result == 0, [AF_INET, AF_INET6].contains(CInt(address.ss_family)) else { return nil }
        return withUnsafeBytes(of: address) { Int(UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self))) }
    }

    /// Changes how long waits go on.
    package func setDeadline(_ deadline: Duration) {
        self.deadline = deadline
    }

    // MARK: Sending

    /// Sends all of `bytes`, waiting for the peer to take them.
    package func send(_ bytes: [UInt8]) async throws {
        var sent = 0
        let end = ContinuousClock.now + deadline
        while sent < bytes.count {
            let count = try sendSome(bytes[sent...])
            sent += count
            if count == 0 { try await untilReady(CInt(POLLOUT), before: end, "send") }
        }
    }

    /// Sends all of `text`.
    package func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Sends what the kernel takes without waiting.
    ///
    /// - Returns: How many bytes it took; 0 when the peer does not read.
    package func sendSome(_ bytes: ArraySlice<UInt8>) throws -> Int {
        try requireOpen("send")
        let count = bytes.withUnsafeBytes {
            Glibc.send(number, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return 0 }
        throw WebSocketTestError(.system(errno), "send")
    }

    // MARK: Receiving

    /// Receives what is there, waiting until there is something.
    ///
    /// - Returns: At least one byte, or `nil` when the peer has sent FIN.
    /// - Throws: `.system(ECONNRESET)` after a reset.
    package func receiveSome(atMost limit: Int = 1 << 16) async throws -> [UInt8]? {
        let end = ContinuousClock.now + deadline
        while true {
            if let bytes = try receiveAvailable(atMost: limit) { return bytes.isEmpty ? nil : bytes }
            try await untilReady(CInt(POLLIN), before: end, "receive")
        }
    }

    /// Receives what is there now.
    ///
    /// - Returns: `nil` when nothing is there, no bytes when the peer has sent FIN.
    package func receiveAvailable(atMost limit: Int = 1 << 16) throws -> [UInt8]? {
        try requireOpen("receive")
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { space, count in
            let received = recv(number, space.baseAddress, limit, 0)
            failure = received < 0 ? errno : 0
            count = max(received, 0)
        }
        if failure == EAGAIN || failure == EINTR { return nil }
        guard failure == 0 else { throw WebSocketTestError(.system(failure), "receive") }
        return bytes
    }

    /// Receives exactly `count` bytes.
    package func receive(exactly count: Int) async throws -> [UInt8] {
        var received: [UInt8] = []
        while received.count < count {
            guard let bytes = try await receiveSome(atMost: count - received.count) else {
                throw WebSocketTestError(.ended, "receive \(count) bytes", received: received)
            }
            received += bytes
        }
        return received
    }

    /// Receives byte by byte until what was received ends with `mark`; nothing behind it is taken from the socket.
    package func receive(through mark: String) async throws -> [UInt8] {
        let mark = Array(mark.utf8)
        var received: [UInt8] = []
        while !received.suffix(mark.count).elementsEqual(mark) {
            guard let byte = try await receiveSome(atMost: 1) else {
                throw WebSocketTestError(.ended, "receive through \(mark)", received: received)
            }
            received += byte
        }
        return received
    }

    /// Receives exactly `count` bytes, steadily, in not less than `duration`; sends `chatter` before that and now and then.
    ///
    /// Blocks the connection's thread from beginning to end: giving it up would let a busy machine make this client look
    /// dead for longer than a server's patience lasts.
    package func receive(exactly count: Int, over duration: Duration, sending chatter: [UInt8]) throws -> [UInt8] {
        let clock = ContinuousClock()
        let start = clock.now
        var received: [UInt8] = []
        _ = try sendSome(chatter[...])
        while received.count < count {
            var entry = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, CInt(deadline / .milliseconds(1))) > 0 else {
                throw WebSocketTestError(.deadline, "receive \(count) bytes slowly, got \(received.count)")
            }
            guard let bytes = try receiveAvailable(atMost: min(count - received.count, count / 64 + 1)) else {
                continue
            }
            guard !bytes.isEmpty else {
                throw WebSocketTestError(.ended, "receive \(count) bytes slowly, got \(received.count)")
            }
            received += bytes
            if received.count % 8 == 0 { _ = try sendSome(chatter[...]) }
            let wait = start + duration * (Double(received.count) / Double(count)) - clock.now
            if wait > .zero { poll(nil, 0, CInt(wait / .milliseconds(1))) }
        }
        return received
    }

    /// Receives until the connection ends.
    package func receiveToEnd() async throws -> (bytes: [UInt8], ending: Ending) {
        var received: [UInt8] = []
        while true {
            do {
                guard let bytes = try await receiveSome() else { return (received, .orderly) }
                received += bytes
            } catch let error as WebSocketTestError where error.code == .system(ECONNRESET) {
                return (received, .reset)
            } catch let error as WebSocketTestError {
                throw WebSocketTestError(error.code, "receive to the end", received: received)
            }
        }
    }

    // MARK: Ending

    /// Sends FIN; receiving goes on.
    package func shutdownOutput() {
        guard !isClosed else { return }
        shutdown(number, CInt(SHUT_WR))
    }

    /// Closes the connection. With unread input the kernel makes that a reset.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        descriptor = nil
    }

    /// Closes the connection with a reset.
    package func reset() {
        guard !isClosed else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    // MARK: Waiting

    private func requireOpen(_ operation: String) throws {
        guard !isClosed else { throw WebSocketTestError(.system(EBADF), operation) }
    }

    private func untilReady(_ events: CInt, before end: ContinuousClock.Instant, _ operation: String) async throws {
        while !isClosed {
            var entry = pollfd(fd: number, events: Int16(events), revents: 0)
            // Short, for there are more connections than threads.
            if poll(&entry, 1, 5) > 0 { return }
            guard ContinuousClock.now < end else { throw WebSocketTestError(.deadline, operation) }
            await executor.yield()
        }
        try requireOpen(operation)
    }
}
