import Glibc
import GRDB
package import Observations

/// Why the channel database cannot be used, in words for the operator.
package struct ChannelDatabaseError: Error, Equatable, CustomStringConvertible {
    /// As the metrics count it.
    package let kind: DatabaseFailure
    /// Names the file, what was wrong with it and the way out; never what is stored in it.
    package let description: String

    init(_ error: any Error, opening path: String) {
        self.init(error, prefix: "cannot open the channel database \(path)")
    }

    init(_ error: any Error, using path: String) {
        self.init(error, prefix: "the channel database \(path) failed")
    }

    private init(_ error: any Error, prefix: String) {
        switch error {
        case let error as ChannelDatabaseError:
            self = error
        case let error as SchemaProblem:
            kind = .corrupt
            description = "\(prefix): \(error.description)"
        case let error as SystemFailure:
            kind = error.number == ENOSPC ? .full : .io
            description = "\(prefix): \(String(cString: strerror(error.number)))"
        case let error as DatabaseError:
            kind = DatabaseFailure(error.resultCode)
            description = "\(prefix): \(Self.words(for: error))"
        default:
            kind = .other
            description = "\(prefix): \(error)"
        }
    }

    private static func words(for error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_NOTADB:
            "it is not an SQLite database; move it away to start with a new one"
        case .SQLITE_CORRUPT:
            "it is damaged; recover it with `sqlite3 FILE .recover`, or move it away to start with a new one"
        case .SQLITE_CANTOPEN:
            "the file or its directory cannot be opened for writing"
        default: error.message ?? error.resultCode.description
        }
    }
}

/// What is wrong with a file that is a database.
enum SchemaProblem: Error, CustomStringConvertible {
    case notChannelDatabase
    case version(Int)
    case foreignKeys
    /// A file that SQLite would take for a part of the new one.
    case leftBehind(String)

    var description: String {
        switch self {
        case .notChannelDatabase:
            "it is an SQLite database of another kind, without a version; move it away to start with a new one"
        case .version(let version):
            "Unable to handle db version \(version); it was written by a newer server"
        case .foreignKeys:
            "rows refer to rows that are gone (see PRAGMA foreign_key_check); move it away to start with a new one"
        case .leftBehind(let path):
            "there is \(path), which belongs to a database that was here before; move it to where that one is now, or remove it"
        }
    }
}

/// A system call that failed.
struct SystemFailure: Error {
    /// The value of `errno`.
    let number: CInt
}

extension DatabaseFailure {
    init(_ code: ResultCode) {
        switch code.primaryResultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
        case .SQLITE_FULL: self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: self = .io
        case .SQLITE_CONSTRAINT: self = .constraint
        default: self = .other
        }
    }
}
