import GRDBSQLite
import LinuxIO

/// Has SQLite write a transaction's pages into the log and flush them with one system call, instead of two a page and one more.
///
/// A page is written as its frame's header and then itself, one behind the other. Both are kept until SQLite wants the log
/// flushed, or anything else of it, and are then written in one piece. Nothing shows the difference: with full
/// synchronisation every commit flushes the log before its pages are made known to anybody, and what cannot be written makes
/// the flush, and with it the commit, fail. Without it commits do not flush, so that this must not be used.
///
/// Where the file system can, what a flush finds kept goes past the page cache; everything else takes SQLite's own way. What
/// went there lately is remembered, so that moving it into the database does not read it from the disk again.
///
/// Source: SQLite, "OS Interface Objects" (`sqlite3_io_methods`), `SQLITE_FCNTL_JOURNAL_POINTER`; "WAL-mode File Format"
/// (sections 2.1, 2.2 and 4.1).
final class GatheredLogWrites {
    private typealias File = UnsafeMutablePointer<sqlite3_file>

    /// What SQLite reads for as long as the file is open, and behind it whose file it is: SQLite hands its methods nothing
    /// but the file.
    private struct Methods {
        var methods: sqlite3_io_methods
        let owner: Unmanaged<GatheredLogWrites>
    }

    private let file: File
    /// What the log's file did before.
    private let original: UnsafePointer<sqlite3_io_methods>
    private var own: UnsafeMutablePointer<Methods>?
    /// The salts in the index that all programs with this database open share: others when the log has begun again.
    private let sharedSalts: UnsafeRawPointer
    private var image = LogImage(capacity: 4 << 20, blockSize: DirectFile.blockSize)
    /// The salts of what is in the image; none when there is nothing.
    private var salts: UInt64?
    /// The log once more; none where it cannot be written past the page cache.
    private var directFile: DirectFile?
    /// Whether nothing but what is pending is still to be flushed. Where that is not known SQLite's own flush serves, which
    /// takes along everything, and the first one the file's name.
    private var isFlushed = false

    /// A transaction of so many bytes has room in the image.
    private static let largestTransaction = 1 << 20
    /// SQLite's own writing fails at multiples of 128 KiB.
    private static let largestWrite = 64 << 10

    /// Takes over the writes to the log of an open database. It must be in WAL mode and have
    /// been read from, for only then the log is open, and be used by one thread at a time.
    ///
    /// - Returns: `nil` when the connection has no log, as one in memory.
    init?(of connection: OpaquePointer) {
        var found: File?
        let code = withUnsafeMutablePointer(to: &found) {
            sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, $0)
        }
        guard code == SQLITE_OK, let file = found, let original = file.pointee.pMethods,
            let index = Self.sharedIndex(of: connection)
        else { return nil }
        self.file = file
        self.original = original
        sharedSalts = UnsafeRawPointer(index + LogFormat.sharedSaltsOffset)
        if let path = sqlite3_filename_wal(sqlite3_db_filename(connection, "main")) {
            // What is in the way of this one SQLite's own way may get past, or tell better.
            directFile = try? DirectFile(String(cString: path))
        }
        var methods = original.pointee
        methods.xWrite = { file, bytes, count, offset in
            GatheredLogWrites.of(file).write(bytes, Int(count), at: offset)
        }
        methods.xRead = { file, bytes, count, offset in
            GatheredLogWrites.of(file).read(into: bytes, Int(count), at: offset)
        }
        methods.xTruncate = { file, size in
            GatheredLogWrites.of(file).forward { $0.pointee.xTruncate?(file, size) }
        }
        methods.xSync = { file, flags in
            GatheredLogWrites.of(file).sync(flags)
        }
        methods.xFileSize = { file, size in
            GatheredLogWrites.of(file).forward { $0.pointee.xFileSize?(file, size) }
        }
        methods.xFileControl = { file, operation, argument in
            GatheredLogWrites.of(file).forward { $0.pointee.xFileControl?(file, operation, argument) }
        }
        methods.xClose = { file in GatheredLogWrites.of(file).close() }
        let own = UnsafeMutablePointer<Methods>.allocate(capacity: 1)
        own.initialize(to: Methods(methods: methods, owner: Unmanaged.passUnretained(self)))
        file.pointee.pMethods = UnsafeRawPointer(own).assumingMemoryBound(to: sqlite3_io_methods.self)
        self.own = own
    }

    deinit { restore() }

    private static func sharedIndex(of connection: OpaquePointer) -> UnsafeMutableRawPointer? {
        var found: File?
        let code = withUnsafeMutablePointer(to: &found) {
            sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, $0)
        }
        guard code == SQLITE_OK, let file = found, let methods = file.pointee.pMethods else { return nil }
        var index: UnsafeMutableRawPointer?
        return methods.pointee.xShmMap?(file, 0, CInt(LogFormat.indexPart), 0, &index) == SQLITE_OK ? index : nil
    }

    /// Lets the file go on by itself, unless it is closed.
    private func restore() {
        guard let own else { return }
        file.pointee.pMethods = original
        own.deallocate()
        self.own = nil
    }

    private static func of(_ file: File?) -> GatheredLogWrites {
        guard let methods = file?.pointee.pMethods else { preconditionFailure("a log whose writes nobody gathers") }
        return UnsafeRawPointer(methods).assumingMemoryBound(to: Methods.self).pointee.owner.takeUnretainedValue()
    }

    // MARK: What SQLite asks for

    private func write(_ bytes: UnsafeRawPointer?, _ count: Int, at offset: Int64) -> CInt {
        let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
        if image.hasPending, offset != image.end || !image.hasRoom(for: count) {
            let code = writeThroughCache()
            guard code == SQLITE_OK else { return code }
        }
        let salts = LogFormat.salts(in: bytes)
        if !image.hasPending {
            let code = begin(at: offset, salts: salts)
            guard code == SQLITE_OK else { return code }
        }
        if let salts { self.salts = salts }
        image.append(bytes)
        return SQLITE_OK
    }

    private func sync(_ flags: CInt) -> CInt {
        if isFlushed, writePastCache() { return SQLITE_OK }
        let code = forward { $0.pointee.xSync?(file, flags) }
        isFlushed = code == SQLITE_OK
        return code
    }

    private func read(into bytes: UnsafeMutableRawPointer?, _ count: Int, at offset: Int64) -> CInt {
        // Another program can only have written there if it has begun the log again.
        if sharedSalts.loadUnaligned(as: UInt64.self) == salts,
            image.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: count), at: offset)
        {
            return SQLITE_OK
        }
        return forward { $0.pointee.xRead?(file, bytes, CInt(count), offset) }
    }

    /// Has SQLite do what it does, on a file that has everything.
    private func forward(_ call: (UnsafePointer<sqlite3_io_methods>) -> CInt?) -> CInt {
        let code = writeThroughCache()
        return code == SQLITE_OK ? call(original) ?? SQLITE_IOERR : code
    }

    private func close() -> CInt {
        _ = writeThroughCache()
        directFile = nil
        restore()
        return original.pointee.xClose?(file) ?? SQLITE_OK
    }

    // MARK: The image

    /// Forgets what there is. To be called when a transaction was given up: others may write in its place now.
    func forget() {
        image.clear()
        salts = nil
    }

    /// Makes the image end where the first bytes after a flush belong: it does when they follow the last ones in the same log.
    private func begin(at offset: Int64, salts: UInt64?) -> CInt {
        if offset == image.end, salts == self.salts {
            if !image.hasRoom(for: Self.largestTransaction) { image.shrink() }
            return SQLITE_OK
        }
        forget()
        // What lies before it may be another program's, not flushed, and lost it would take along what follows.
        isFlushed = false
        var code = SQLITE_OK
        image.begin(at: offset) { memory, start in
            code = original.pointee.xRead?(file, memory.baseAddress, CInt(memory.count), start) ?? SQLITE_IOERR
        }
        // What lies behind the end of the file is read as zeros.
        return code == LogFormat.shortRead ? SQLITE_OK : code
    }

    // MARK: Ways to the disk

    /// Writes and flushes what is pending, together with the rest of its first block.
    ///
    /// - Returns: Whether that went well; if not, nothing has changed.
    private func writePastCache() -> Bool {
        guard image.hasPending, directFile != nil else { return false }
        let (blocks, offset) = image.pendingBlocks
        do throws(ErrorNumber) {
            try directFile?.write(blocks, at: offset)
        } catch {
            if error.isOfUnknownOperation { directFile = nil }
            return false
        }
        image.settle()
        return true
    }

    /// Writes what is pending. After a failure it is forgotten: SQLite gives the whole transaction up.
    private func writeThroughCache() -> CInt {
        guard image.hasPending else { return SQLITE_OK }
        isFlushed = false
        let (bytes, offset) = image.pending
        for first in stride(from: 0, to: bytes.count, by: Self.largestWrite) {
            let part = UnsafeRawBufferPointer(rebasing: bytes[first...].prefix(Self.largestWrite))
            let code = original.pointee.xWrite?(file, part.baseAddress, CInt(part.count), offset + Int64(first))
            guard code == SQLITE_OK else {
                forget()
                return code ?? SQLITE_IOERR
            }
        }
        image.settle()
        return SQLITE_OK
    }
}

/// What is needed of the formats of the log and its index.
///
/// Source: SQLite, "WAL-mode File Format", sections 2.1, 2.2 and 4.1.
private enum LogFormat {
    static let headerSize = 32
    private static let frameHeaderSize = 24
    /// In the index.
    static let sharedSaltsOffset = 32
    /// So many bytes are asked for of the index at once.
    static let indexPart = 32 << 10
    /// `SQLITE_IOERR_SHORT_READ`.
    static let shortRead = SQLITE_IOERR | 2 << 8

    /// The salts in what is written: only the log's header and a frame's are of their sizes.
    static func salts(in bytes: UnsafeRawBufferPointer) -> UInt64? {
        switch bytes.count {
        case headerSize: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        case frameHeaderSize: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        default: nil
        }
    }
}
