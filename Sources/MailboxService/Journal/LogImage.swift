/// What was written into the log of late, in memory that goes to the disk as it is: it begins at a multiple of the disk's
/// blocks, so that the bytes before the pending ones, in the block the two share, are there to be written with them.
///
///     ──log──┊▒▒▒▒▒▒▒▒ in the file ▒▒▒▒▒▒▒▒│░░░░ pending ░░░░│ nothing │┊
///            start                         written           end       a multiple of blocks
struct LogImage: ~Copyable {
    private let blockSize: Int
    private let memory: UnsafeMutableRawBufferPointer
    /// Where in the file the memory's first byte belongs.
    private var start: Int64 = 0
    private var count = 0
    private var written = 0

    /// - Parameter capacity: How much is remembered at most, in bytes; many blocks.
    init(capacity: Int, blockSize: Int) {
        self.blockSize = blockSize
        memory = .allocate(byteCount: capacity, alignment: blockSize)
    }

    deinit { memory.deallocate() }

    /// Where the next byte belongs.
    var end: Int64 { start + Int64(count) }

    var hasPending: Bool { count > written }

    /// The bytes that are not in the file, and where they belong.
    var pending: (bytes: UnsafeRawBufferPointer, offset: Int64) {
        (UnsafeRawBufferPointer(rebasing: memory[written..<count]), start + Int64(written))
    }

    /// The whole blocks that have pending bytes, and where they belong. Zeros follow the end: what was in memory there before
    /// is no part of the log.
    var pendingBlocks: (bytes: UnsafeRawBufferPointer, offset: Int64) {
        let first = written / blockSize * blockSize
        let last = (count + blockSize - 1) / blockSize * blockSize
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<last]).initializeMemory(as: UInt8.self, repeating: 0)
        return (UnsafeRawBufferPointer(rebasing: memory[first..<last]), start + Int64(first))
    }

    func hasRoom(for bytes: Int) -> Bool { count + bytes <= memory.count }

    /// Forgets everything and begins anew at a place in the file.
    ///
    /// - Parameter read: Fills memory with what the file holds from an offset on.
    mutating func begin(at offset: Int64, reading read: (UnsafeMutableRawBufferPointer, Int64) -> Void) {
        written = Int(offset % Int64(blockSize))
        count = written
        start = offset - Int64(written)
        if written > 0 { read(UnsafeMutableRawBufferPointer(rebasing: memory[..<written]), start) }
    }

    /// Adds bytes for which there is room.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func clear() {
        start = 0
        count = 0
        written = 0
    }

    /// Everything is in the file now.
    mutating func settle() {
        written = count
    }

    /// Makes room. Nothing is pending; of the rest only what the next bytes share a block with stays.
    mutating func shrink() {
        let whole = count / blockSize * blockSize
        UnsafeMutableRawBufferPointer(rebasing: memory[..<(count - whole)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[whole..<count]))
        start += Int64(whole)
        count -= whole
        written = count
    }

    /// Reads from memory what is there.
    ///
    /// - Returns: Whether all of it was.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) -> Bool {
        guard offset >= start, offset + Int64(bytes.count) <= end else { return false }
        let first = Int(offset - start)
        bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[first..<first + bytes.count]))
        return true
    }
}
