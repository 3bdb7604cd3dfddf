import DequeModule
package import LinuxIO
package import NIOCore

/// A connected stream socket on a ``SocketLoop``: reads for its owner, queues what the kernel does not take at once, and
/// has one timer. Confined to its loop.
///
/// Input is read at most once a turn, so that all get their share. Output is written at once; what is left waits for the
/// peer to take more.
package final class StreamSocket: LoopTimer, SocketWatcher {
    package let loop: SocketLoop
    /// The other end; `nil` for a Unix socket.
    package let peer: PeerAddress?
    /// Whom to tell. The socket and its owner hold each other until it is closed.
    package var owner: (any StreamSocketOwner)?

    private var descriptor: Descriptor?
    private var place: WatchPlace?

    // Input.
    /// There may be something to read.
    private var isReadable = false
    /// The end may stand behind it, so that a short read is not the last.
    private var mayEnd = false
    private var inputHasEnded = false
    /// The connection is broken; what came before may still be read.
    private var isBroken = false
    private var isEager = false
    /// Bytes read so far.
    package private(set) var receivedBytes: UInt64 = 0

    // Output.
    private var kernelTakesMore = true
    private var queue: Deque<ByteBuffer> = []
    /// Whether the last in the queue is a buffer of its own, to which small pieces are added.
    private var isLastCollecting = false
    /// Bytes that wait here for the kernel to take them.
    package private(set) var queuedBytes = 0
    private let highWaterMark: Int
    /// Whether no more than the high-water mark is queued; when more was, whether it is less than half of that again.
    package private(set) var isWritable = true
    private var whenDrained: (() -> Void)?
    /// Pieces smaller than this are copied to the end of the queue, so that many of them are few writes, and none keeps the
    /// memory it is a part of.
    private static let smallPiece = 16 << 10
    /// Where no more of them are added to the same buffer.
    private static let largestCollection = 64 << 10

    /// Takes a socket over. Nothing is read before the loop's next turn.
    ///
    /// - Parameters:
    ///   - descriptor: Connected and non-blocking.
    ///   - highWaterMark: In bytes; see ``isWritable``.
    /// - Throws: What epoll_ctl(2) says; the socket is closed then.
    package init(
        _ descriptor: consuming Descriptor,
        peer: PeerAddress?,
        on loop: SocketLoop,
        highWaterMark: Int
    ) throws(ErrorNumber) {
        self.loop = loop
        self.peer = peer
        self.highWaterMark = max(highWaterMark, 2)
        super.init()
        place = try loop.watch(descriptor, for: .socketForLife, by: self)
        self.descriptor = consume descriptor
    }

    package var isOpen: Bool { place != nil }

    /// The number of the socket, to ask the kernel about; `nil` once its owner has heard that it is closed.
    package var number: CInt? {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case .none: nil
        }
    }

    // MARK: The timer

    /// Sets the one timer, which replaces what was set before.
    package func setTimer(at deadline: NIODeadline) {
        if isOpen { loop.set(self, at: deadline) }
    }

    package func cancelTimer() {
        loop.cancel(self)
    }

    override func fire() {
        owner?.streamSocketTimerFired()
    }

    // MARK: What the loop reports

    func ready(_ readiness: Readiness) {
        if readiness.overlaps(.output), !kernelTakesMore {
            kernelTakesMore = true
            flush()
        }
        guard readiness.overlaps(.input) else { return }
        isReadable = true
        if readiness.overlaps(.farewell) { mayEnd = true }
        if readiness.overlaps(.failed) {
            isBroken = true
            // Nobody will read up to the break.
            if inputHasEnded || owner?.takesInput != true { return close() }
        }
        read()
    }

    // MARK: Input

    /// Reads on, if there is something to read and the owner takes it; not before the current call has returned.
    package func readOn() {
        guard isReadable, isOpen, !isEager else { return }
        isEager = true
        loop.readLater(self)
    }

    /// Its turn to read has come.
    func readNow() {
        isEager = false
        read()
    }

    private func read() {
        guard isOpen, isReadable, !inputHasEnded, let owner else { return }
        guard owner.takesInput else {
            // The end is told also to who takes no input, once nothing stands before it.
            if mayEnd, number.map(SocketQueues.readableBytes) == 0 { end() }
            return
        }
        var bytes = loop.takeInput()
        switch receive(into: &bytes) {
        case .moved(let count):
            // A stream that gave less than was asked for has no more: what comes later is an event of its own. Of a broken
            // one it is not known, and it is closed when there is no more.
            if count < SocketLoop.inputCapacity, !mayEnd, !isBroken { isReadable = false }
            receivedBytes &+= UInt64(count)
            owner.streamSocket(received: &bytes)
            // Another, perhaps: a connection changes hands when it is upgraded.
            self.owner?.streamSocketReadCompleted()
            loop.giveBack(&bytes)
            readOn()
        case .wouldBlock:
            loop.giveBack(&bytes)
            isReadable = false
            if isBroken { close() }
        case .ended:
            loop.giveBack(&bytes)
            end()
        case .failed:
            loop.giveBack(&bytes)
            close()
        }
    }

    private func end() {
        isReadable = false
        if isBroken { return close() }
        inputHasEnded = true
        owner?.streamSocketInputEnded()
    }

    /// Bytes that have come and are not read yet.
    package var unreadBytes: Int { number.map(SocketQueues.readableBytes) ?? 0 }

    private func receive(into bytes: inout ByteBuffer) -> Transfer {
        var transfer = Transfer.wouldBlock
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: SocketLoop.inputCapacity) { target in
            let room = UnsafeMutableRawBufferPointer(rebasing: target.prefix(SocketLoop.inputCapacity))
            switch descriptor {
            case .some(let descriptor): transfer = descriptor.receive(into: room)
            case .none: break
            }
            return if case .moved(let count) = transfer { count } else { 0 }
        }
        return transfer
    }

    // MARK: Output

    /// Writes the buffer at once; what the kernel does not take is queued.
    ///
    /// - Parameter buffer: Left with its memory but without its bytes, or without either.
    package func write(_ buffer: inout ByteBuffer) {
        guard isOpen, buffer.readableBytes > 0 else { return }
        if queue.isEmpty, kernelTakesMore {
            switch buffer.withUnsafeReadableBytes({ send($0) }) {
            case .moved(let count):
                buffer.moveReaderIndex(forwardBy: count)
                if buffer.readableBytes == 0 { return }
                kernelTakesMore = false
            case .wouldBlock:
                kernelTakesMore = false
            case .ended, .failed:
                return breakOff()
            }
        }
        enqueue(buffer)
        if buffer.modifyIfUniquelyOwned({ $0.clear() }) == nil { buffer = ByteBuffer() }
    }

    /// Queues bytes. Nothing is written before ``flush()``.
    ///
    /// Those that have to wait are copied, where their buffer's memory is far larger than they are: it is they that are
    /// counted and limited.
    package func enqueue(_ buffer: ByteBuffer) {
        guard isOpen, buffer.readableBytes > 0 else { return }
        append(buffer)
        queuedBytes += buffer.readableBytes
        if queuedBytes > highWaterMark, isWritable {
            isWritable = false
            owner?.streamSocketWritabilityChanged()
        }
    }

    private func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes < Self.smallPiece else {
            isLastCollecting = false
            return queue.append(kernelTakesMore ? buffer : buffer.compact)
        }
        let last = queue.count - 1
        if isLastCollecting, last >= 0, queue[last].writerIndex + buffer.readableBytes <= Self.largestCollection {
            queue[last].writeImmutableBuffer(buffer)
        } else {
            isLastCollecting = true
            queue.append(ByteBuffer(bytes: buffer.readableBytesView))
        }
    }

    /// Writes what is queued, as far as the kernel takes it.
    package func flush() {
        while kernelTakesMore, !queue.isEmpty {
            let wanted = queue[0].readableBytes + (queue.count > 1 ? queue[1].readableBytes : 0)
            switch sendFirst() {
            case .moved(let count):
                dequeue(count)
                if count < wanted { kernelTakesMore = false }
            case .wouldBlock:
                kernelTakesMore = false
            case .ended, .failed:
                return breakOff()
            }
        }
        if !isWritable, queuedBytes < highWaterMark / 2 {
            isWritable = true
            owner?.streamSocketWritabilityChanged()
        }
        if queue.isEmpty, let drained = whenDrained.take() { drained() }
    }

    /// Calls `body` once nothing is queued any more, at once if nothing is. Not when the socket is closed before.
    package func whenDrained(_ body: @escaping () -> Void) {
        if queue.isEmpty { body() } else { whenDrained = body }
    }

    /// The first two pieces in one call: a header and what it stands before.
    private func sendFirst() -> Transfer {
        queue[0].withUnsafeReadableBytes { first in
            guard queue.count > 1 else { return send(first) }
            return queue[1].withUnsafeReadableBytes { second in
                switch descriptor {
                case .some(let descriptor): descriptor.send(first, second)
                case .none: .ended
                }
            }
        }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        switch descriptor {
        case .some(let descriptor): descriptor.send(bytes)
        case .none: .ended
        }
    }

    private func dequeue(_ count: Int) {
        var count = count
        queuedBytes -= count
        while count > 0 {
            let length = queue[0].readableBytes
            if length > count { return queue[0].moveReaderIndex(forwardBy: count) }
            count -= length
            queue.removeFirst()
        }
    }

    // MARK: The end

    /// Tells the peer that nothing more will come. What is queued must have been written.
    package func finishSending() {
        switch descriptor {
        case .some(let descriptor): descriptor.finishSending()
        case .none: break
        }
    }

    /// Bytes the kernel has taken and the peer has not, FIN included.
    package var unconfirmedBytes: Int { number.map(SocketQueues.unconfirmedBytes) ?? 0 }

    /// Closes the socket: nothing is read or written any more. Its owner is told when this turn's events are worked off, and
    /// let go; until it has been told, the kernel can still be asked about the socket.
    package func close() {
        guard let place else { return }
        self.place = nil
        loop.forget(place)
        loop.cancel(self)
        queue = []
        queuedBytes = 0
        whenDrained = nil
        loop.executeHere { [self] in
            owner.take()?.streamSocketClosed()
            descriptor = nil
        }
    }

    /// Writing failed. Events tell of that, too, but not all of it.
    private func breakOff() {
        isBroken = true
        kernelTakesMore = false
        queue = []
        queuedBytes = 0
        loop.executeHere { [self] in
            isReadable = true
            if inputHasEnded || owner?.takesInput != true { close() } else { read() }
        }
    }
}

@available(*, unavailable)
extension StreamSocket: Sendable {}
