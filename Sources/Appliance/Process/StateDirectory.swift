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
