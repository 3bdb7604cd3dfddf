internal import Admin
internal import Glibc
internal import Telemetry

/// Where copies of the databases go: `backup` in the state folder, or beside the first database.
struct BackupFolder: Equatable, Sendable {
    /// A database and its copy.
    struct Copy: Equatable, Sendable {
        let source: String
        let destination: String
    }

    let path: String
    /// The channel database first.
    let copies: [Copy]

    /// - Returns: `nil` when there is no database in a file.
    init?(for configuration: ApplianceConfiguration) {
        let databases = [
            ("channel", configuration.mailbox?.channelDatabasePath), ("usage", configuration.records.databasePath),
        ]
        let sources = databases.compactMap { kind, path in
            path.flatMap { path in path == ":memory:" ? nil : (kind: kind, path: path, name: Self.name(of: path)) }
        }
        guard let first = sources.first else { return nil }
        let folder = StateDirectory.path(
            of: "backup",
            in: configuration.stateDirectory ?? StateDirectory.folder(of: first.path)
        )
        path = folder
        // Two files of one name in two folders must not become one.
        let areDistinct = Set(sources.map(\.name)).count == sources.count
        copies = sources.map { source in
            let name = areDistinct ? source.name : "\(source.kind)-\(source.name)"
            return Copy(source: source.path, destination: StateDirectory.path(of: name, in: folder))
        }
    }

    /// Makes the copies, over those of the last time. Blocks.
    ///
    /// - Returns: Their paths.
    func copyAll() throws(AdminRefusal) -> [String] {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw AdminRefusal(.unavailable, "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        for copy in copies {
            guard !copies.contains(where: { Self.areOne($0.source, copy.destination) }) else {
                throw AdminRefusal(.conflict, "\(copy.destination) is a database in use, not the place for a copy")
            }
        }
        for copy in copies {
            do throws(TelemetryError) {
                try DatabaseBackup.copy(copy.source, to: copy.destination)
            } catch {
                throw AdminRefusal(.unavailable, error.description)
            }
        }
        return copies.map(\.destination)
    }

    private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Whether two paths lead to one file. The system call is stat(2).
    private static func areOne(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(path, &first) == 0, stat(other, &second) == 0 else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }
}
