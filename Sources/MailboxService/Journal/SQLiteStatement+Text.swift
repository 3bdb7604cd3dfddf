import GRDB
import GRDBSQLite

// What the library's own binding and reading of strings cannot do: text that contains U+0000 keeps all of its bytes.

extension Statement {
    /// Binds the values of one row, runs the statement to its end, and makes it ready for the next.
    ///
    /// - Parameter texts: Room for the texts, which SQLite then need not copy.
    /// - Throws: `DatabaseError`.
    func run(_ values: [SQLiteValue], texts: TextRoom) throws {
        let statement = sqliteStatement
        var used = 0
        for (offset, value) in values.enumerated() {
            let index = CInt(offset + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(statement, index)
                case .integer(let number): sqlite3_bind_int64(statement, index, number)
                case .real(let number): sqlite3_bind_double(statement, index, number)
                case .text(var text): text.withUTF8 { texts.bind($0, to: statement, at: index, behind: &used) }
                }
            guard code == SQLITE_OK else { throw failure(code) }
        }
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
    }

    /// How many rows the last change made with this connection has changed.
    var changedRows: Int { Int(sqlite3_changes(sqlite3_db_handle(sqliteStatement))) }

    /// Calls `body` with each row of a query.
    ///
    /// - Throws: `DatabaseError`, or what `body` throws.
    func forEachRow(_ body: (SQLiteRow) throws -> Void) throws {
        defer { sqlite3_reset(sqliteStatement) }
        while true {
            switch sqlite3_step(sqliteStatement) {
            case SQLITE_ROW: try body(SQLiteRow(statement: sqliteStatement))
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    private func failure(_ code: CInt) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code))
    }
}

/// Memory that the texts of one row are bound from, so that SQLite need not allocate copies of them.
final class TextRoom {
    private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 1)

    deinit { bytes.deallocate() }

    /// - Parameter used: How many bytes the row's texts have taken so far.
    /// - Returns: SQLite's result code.
    fileprivate func bind(
        _ text: UnsafeBufferPointer<UInt8>,
        to statement: SQLiteStatement,
        at index: CInt,
        behind used: inout Int
    ) -> CInt {
        let fits = text.count <= bytes.count - used
        let place = fits ? UnsafeMutableRawBufferPointer(rebasing: bytes[used..<used + text.count]) : nil
        if let place {
            place.copyMemory(from: UnsafeRawBufferPointer(text))
            used += text.count
        }
        // An empty string has no address, and a null pointer would bind NULL.
        let address = place.map { UnsafeRawPointer($0.baseAddress) } ?? UnsafeRawPointer(text.baseAddress)
        return sqlite3_bind_text(
            statement,
            index,
            (address ?? UnsafeRawPointer(bytes.baseAddress))?.assumingMemoryBound(to: CChar.self),
            CInt(text.count),
            // Static, or to be copied.
            fits ? nil : unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        )
    }
}

/// One value of a row, as it is bound.
enum SQLiteValue {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)

    init(_ text: String?) {
        self = text.map { .text($0) } ?? .null
    }
}

/// The current row of a query. Columns are counted from 0, and are only valid until the next step.
struct SQLiteRow {
    fileprivate let statement: SQLiteStatement

    /// 0 for NULL.
    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement, column) }

    /// 0 for NULL.
    func real(_ column: CInt) -> Double { sqlite3_column_double(statement, column) }

    func bool(_ column: CInt) -> Bool { integer(column) != 0 }

    /// Whether the column has this text, without making a string of it.
    func holds(_ text: String, in column: CInt) -> Bool {
        guard let bytes = sqlite3_column_text(statement, column) else { return false }
        let count = Int(sqlite3_column_bytes(statement, column))
        guard text.utf8.count == count else { return false }
        var text = text
        return text.withUTF8 { $0.elementsEqual(UnsafeBufferPointer(start: bytes, count: count)) }
    }

    /// The text with all of its bytes; empty for NULL.
    func text(_ column: CInt) -> String { optionalText(column) ?? "" }

    /// The text with all of its bytes; `nil` for NULL.
    func optionalText(_ column: CInt) -> String? {
        guard let text = sqlite3_column_text(statement, column) else { return nil }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }
}
