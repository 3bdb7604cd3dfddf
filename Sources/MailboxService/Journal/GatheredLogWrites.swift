import GRDBSQLite

/// Has SQLite write a transaction's pages into the log with one system call instead of two a page.
///
/// A page is written as its frame's header and then itself, one behind the other. Both are kept until SQLite wants the log
/// flushed, or anything else of it, and are then written in one piece. Nothing shows the difference: with full
/// synchronisation every commit flushes the log before its pages are made known to anybody, and what cannot be written makes
/// the flush, and with it the commit, fail. Without it commits do not flush, so that this must not be used.
///
/// Source: SQLite, "OS Interface Objects" (`sqlite3_io_methods`), `SQLITE_FCNTL_JOURNAL_POINTER`; "WAL-mode File Format".
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
    /// Bytes not yet written, which stand at `start`.
    private var pending: [UInt8] = []
    private var start: Int64 = 0

    /// More than this is not kept. SQLite's own writing takes less than 128 KiB at a time, and fails at just as much.
    private static let largest = 96 << 10

    /// Takes over the writes to the log of an open database. It must be in WAL mode and have
    /// been read from, for only then the log is open, and be used by one thread at a time.
    ///
    /// - Returns: `nil` when the connection has no log, as one in memory.
    init?(of connection: OpaquePointer) {
        var found: File?
        let code = withUnsafeMutablePointer(to: &found) {
            sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, $0)
        }
        guard code == SQLITE_OK, let file = found, let original = file.pointee.pMethods else { return nil }
        self.file = file
        self.original = original
        var methods = original.pointee
        methods.xWrite = { file, bytes, count, offset in
            GatheredLogWrites.of(file).write(bytes, Int(count), at: offset)
        }
        methods.xRead = { file, bytes, count, offset in
            GatheredLogWrites.of(file).forward { $0.pointee.xRead?(file, bytes, count, offset) }
        }
        methods.xTruncate = { file, size in
            GatheredLogWrites.of(file).forward { $0.pointee.xTruncate?(file, size) }
        }
        methods.xSync = { file, flags in
            GatheredLogWrites.of(file).forward { $0.pointee.xSync?(file, flags) }
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

    private func write(_ bytes: UnsafeRawPointer?, _ count: Int, at offset: Int64) -> CInt {
        let isNext = offset == start + Int64(pending.count) && pending.count + count <= Self.largest
        if !pending.isEmpty, !isNext {
            let code = flush()
            guard code == SQLITE_OK else { return code }
        }
        if pending.isEmpty { start = offset }
        pending.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return SQLITE_OK
    }

    /// Writes what is kept. After a failure it is forgotten: SQLite gives the whole transaction up.
    private func flush() -> CInt {
        guard !pending.isEmpty else { return SQLITE_OK }
        defer { pending.removeAll(keepingCapacity: true) }
        return pending.withUnsafeBytes {
            original.pointee.xWrite?(file, $0.baseAddress, CInt($0.count), start) ?? SQLITE_IOERR
        }
    }

    private func forward(_ call: (UnsafePointer<sqlite3_io_methods>) -> CInt?) -> CInt {
        let code = flush()
        return code == SQLITE_OK ? call(original) ?? SQLITE_IOERR : code
    }

    private func close() -> CInt {
        _ = flush()
        restore()
        return original.pointee.xClose?(file) ?? SQLITE_OK
    }
}
