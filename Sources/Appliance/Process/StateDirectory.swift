internal import Glibc

/// The folder that holds the databases.
package enum StateDirectory {
    /// What systemd gives to a unit with `StateDirectory=`, the first if there are several; otherwise the current directory.
    package static func standard(environment: (String) -> String?) -> String {
        guard let given = environment("STATE_DIRECTORY")?.split(separator: ":").first else { return "." }
        return String(given)
    }

    /// The path of a file in the folder; absolute paths and SQLite's `:memory:` stay what they are.
    package static func path(of name: String, in directory: String) -> String {
        if name.hasPrefix("/") || name == ":memory:" || directory == "." { return name }
        return directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The path of a file in a folder; `nil` when there is none.
    package static func existingFile(_ name: String, in directory: String) -> String? {
        let path = path(of: name, in: directory)
        return access(path, F_OK) == 0 ? path : nil
    }

    /// The folder that a file is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes sure that files can be made here, by making one.
    ///
    /// - Throws: ``ApplianceError`` with the folder and the system's reason.
    static func check(_ directory: String) throws(ApplianceError) {
        let probe = path(of: ".wormhole-server-\(getpid())", in: directory)
        let number = Glibc.open(probe, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard number != -1 else {
            let reason = String(cString: strerror(errno))
            throw ApplianceError("cannot write to the state directory \(directory): \(reason)")
        }
        Glibc.close(number)
        unlink(probe)
    }
}
