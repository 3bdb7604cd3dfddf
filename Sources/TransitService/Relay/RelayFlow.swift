internal import LinuxIO
internal import TransitRules

/// How far one turn of a flow came.
struct FlowProgress {
    enum Step {
        /// Until a socket is ready again, there is nothing to do.
        case waiting
        /// There is more to do at once, but others come first.
        case yielded
        case sourceEnded
        case sourceFailed
        case sinkFailed
    }

    let step: Step
    /// Bytes taken from the source.
    let taken: Int
    /// Whether any byte moved, in or out.
    let hasMoved: Bool
}

/// The way of the bytes from one client of a pair to the other.
///
///     small:  source ──recv──▶ shared buffer ──send──▶ sink      what the sink does not take waits in a block
///     bulk:   source ──splice──▶ borrowed pipe ──splice──▶ sink   never in user space
///
/// It begins with copies, because a small record must not pay for a pipe, and turns to splicing when the source fills the
/// buffer several times in a row. Bytes are read only while nothing waits: that is the whole of the backpressure, and it
/// makes a splice that finds nothing certain, since an empty pipe always has room.
struct RelayFlow: ~Copyable {
    /// Reads that fill the buffer, in a row, before the flow is taken for bulk.
    static let fullReadsBeforeBulk = 4
    /// Splices below ``smallSplice``, in a row, before it is no longer.
    static let smallSplicesBeforeCopies = 4
    static let smallSplice = 16 << 10
    /// Reads in one turn, so that a fast pair does not keep the others waiting.
    static let readsPerTurn = 4

    private var block: UnsafeMutableRawPointer?
    private var blockStart = 0
    private var blockCount = 0
    private var pipe: Pipe?
    private var pipeCount = 0
    private var isBulk = false
    /// Full reads, or small splices, in a row.
    private var streak = 0
    /// Since when the source is ready and not read; `nil` while it is.
    private var pausedSince: Instant?
    /// Whether the sink was told that nothing more comes.
    var hasFinished = false

    var isEmpty: Bool { blockCount == 0 && pipeCount == 0 }

    /// Puts bytes at the front of the flow, before anything of the source: at most a block, and only once.
    mutating func prime(_ bytes: borrowing [UInt8], with supplies: RelaySupplies) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { keep($0, with: supplies) }
    }

    /// Moves bytes until a socket is not ready, the allowance is used up, or others should have their turn.
    ///
    /// - Parameter allowance: The most to take from the source.
    mutating func advance(
        from source: inout RelayEnd,
        to sink: inout RelayEnd,
        allowance: Int,
        with supplies: RelaySupplies
    ) -> FlowProgress {
        var taken = 0
        var reads = 0
        var hasMoved = false
        var step = FlowProgress.Step.waiting
        moving: while true {
            if !isEmpty {
                guard sink.isWritable else { break }
                switch blockCount > 0 ? writeBlock(to: &sink, with: supplies) : writePipe(to: &sink, with: supplies) {
                case .moved:
                    hasMoved = true
                    continue
                case .wouldBlock:
                    break moving
                case .failed, .ended:
                    step = .sinkFailed
                    break moving
                }
            }
            guard taken < allowance, source.isReadable, sink.isWritable else { break }
            guard reads < Self.readsPerTurn else {
                step = .yielded
                break
            }
            reads += 1
            switch read(from: &source, to: &sink, limit: allowance - taken, with: supplies) {
            case .moved(let count):
                taken += count
                hasMoved = true
            case .wouldBlock:
                break moving
            case .ended:
                step = .sourceEnded
                break moving
            case .failed:
                step = .sourceFailed
                break moving
            }
        }
        returnPipe(to: supplies)
        measurePause(isPaused: source.isReadable && !sink.isWritable && taken < allowance, with: supplies)
        return FlowProgress(step: step, taken: taken, hasMoved: hasMoved)
    }

    /// Throws away what was taken and not given.
    mutating func discard(with supplies: RelaySupplies) {
        supplies.bufferedBytes -= blockCount + pipeCount
        blockCount = 0
        returnBlock(to: supplies)
        if pipeCount > 0, let pipe = self.pipe.take() { supplies.discard(pipe) }
        pipeCount = 0
        returnPipe(to: supplies)
        measurePause(isPaused: false, with: supplies)
    }

    // MARK: From one owner to the next

    /// Takes what waits out of the account of its owner, who has no pipes.
    mutating func leave(_ supplies: RelaySupplies) {
        precondition(pipeCount == 0, "a pipe stays where it was made")
        supplies.bufferedBytes -= blockCount
        measurePause(isPaused: false, with: supplies)
    }

    /// Puts it on the account of another.
    func join(_ supplies: RelaySupplies) {
        supplies.bufferedBytes += blockCount
    }

    // MARK: In

    private mutating func read(
        from source: inout RelayEnd,
        to sink: inout RelayEnd,
        limit: Int,
        with supplies: RelaySupplies
    ) -> Transfer {
        if isBulk {
            if pipe == nil { pipe = supplies.borrowPipe() }
            if pipe != nil {
                let result = splice(from: &source, limit: limit, with: supplies)
                // A splice comes to no end at urgent data, and says that there is nothing, or nothing more: only a read
                // goes on behind it, and knows.
                guard result == .wouldBlock || result == .ended else { return result }
            }
        }
        return copy(from: &source, to: &sink, limit: limit, with: supplies)
    }

    /// Takes what is there into the shared buffer and gives it to the sink at once.
    private mutating func copy(
        from source: inout RelayEnd,
        to sink: inout RelayEnd,
        limit: Int,
        with supplies: RelaySupplies
    ) -> Transfer {
        let room = UnsafeMutableRawBufferPointer(rebasing: supplies.buffer[..<min(limit, RelaySupplies.copySize)])
        let result = source.descriptor.receive(into: room)
        guard case .moved(let count) = result else {
            if result == .wouldBlock { source.isReadable = false }
            return result
        }
        // Less than there was room for means that the socket is empty, and the next byte is a new edge; except that an
        // end that is known already makes no further edge.
        if count < room.count && !source.hasFinished { source.isReadable = false }
        // A reader who was held back by a rate, too, would have taken more.
        if count == room.count && count >= Self.smallSplice {
            streak += 1
            if streak == Self.fullReadsBeforeBulk {
                isBulk = true
                streak = 0
            }
        } else {
            streak = 0
        }
        let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
        switch sink.descriptor.send(bytes) {
        case .moved(let sent) where sent == count:
            break
        case .moved(let sent):
            sink.isWritable = false
            keep(UnsafeRawBufferPointer(rebasing: bytes[sent...]), with: supplies)
        case .wouldBlock:
            sink.isWritable = false
            keep(bytes, with: supplies)
        case .ended, .failed:
            // Kept, so that the next write meets the same failure and reports it: these bytes have been taken.
            keep(bytes, with: supplies)
        }
        return result
    }

    private mutating func splice(from source: inout RelayEnd, limit: Int, with supplies: RelaySupplies) -> Transfer {
        guard let capacity = pipe?.capacity else { return .wouldBlock }
        guard let result = pipe?.fill(from: source.descriptor, upTo: min(limit, capacity)) else { return .wouldBlock }
        switch result {
        case .moved(let count):
            pipeCount = count
            supplies.bufferedBytes += count
            streak = count < min(limit, Self.smallSplice) ? streak + 1 : 0
            if streak == Self.smallSplicesBeforeCopies {
                isBulk = false
                streak = 0
            }
        case .wouldBlock, .ended, .failed:
            break
        }
        return result
    }

    // MARK: Out

    private mutating func writeBlock(to sink: inout RelayEnd, with supplies: RelaySupplies) -> Transfer {
        guard let block else { preconditionFailure("bytes wait nowhere") }
        let result = sink.descriptor.send(UnsafeRawBufferPointer(start: block + blockStart, count: blockCount))
        switch result {
        case .moved(let count):
            blockStart += count
            blockCount -= count
            supplies.bufferedBytes -= count
            if blockCount == 0 { returnBlock(to: supplies) } else { sink.isWritable = false }
        case .wouldBlock:
            sink.isWritable = false
        case .ended, .failed:
            break
        }
        return result
    }

    private mutating func writePipe(to sink: inout RelayEnd, with supplies: RelaySupplies) -> Transfer {
        guard let result = pipe?.empty(pipeCount, into: sink.descriptor) else {
            preconditionFailure("bytes wait in no pipe")
        }
        switch result {
        case .moved(let count):
            pipeCount -= count
            supplies.bufferedBytes -= count
        case .wouldBlock:
            sink.isWritable = false
        case .ended, .failed:
            break
        }
        return result
    }

    // MARK: Borrowing

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, with supplies: RelaySupplies) {
        guard let source = bytes.baseAddress else { return }
        precondition(isEmpty && bytes.count <= RelaySupplies.copySize, "something waits already")
        let block = supplies.borrowBlock()
        block.copyMemory(from: source, byteCount: bytes.count)
        self.block = block
        blockStart = 0
        blockCount = bytes.count
        supplies.bufferedBytes += bytes.count
    }

    private mutating func returnBlock(to supplies: RelaySupplies) {
        guard let block else { return }
        supplies.giveBack(block)
        self.block = nil
    }

    private mutating func returnPipe(to supplies: RelaySupplies) {
        guard pipeCount == 0, let pipe = self.pipe.take() else { return }
        supplies.giveBack(pipe)
    }

    private mutating func measurePause(isPaused: Bool, with supplies: RelaySupplies) {
        if isPaused {
            if pausedSince == nil { pausedSince = supplies.now }
        } else if let since = pausedSince {
            supplies.pausedNanoseconds += supplies.now.nanoseconds - since.nanoseconds
            pausedSince = nil
        }
    }
}
