import Appliance
import ArgumentParser
import LinuxIO

/// Who may ask the admin endpoint, and by what.
struct AdminOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Where changes are made without a token (default: admin.sock in the state folder, mode 660; 'mailbox' and \
            'transit': nowhere); 'none' for nowhere.
            """,
            valueName: "endpoint"
        )
    )
    var adminSocket: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The token for changes over TCP, and for everything over the network (default: the credential admin-token of \
            systemd, if there is one). Read again on SIGHUP.
            """,
            valueName: "file"
        )
    )
    var adminTokenFile: String?

    @Flag(help: "Let the admin endpoint listen where others can reach it; takes a token.")
    var adminNetwork = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Answer requests addressed to this name, too; may be repeated.", valueName: "name")
    )
    var adminHost: [String] = []

    /// - Parameter folder: Where the socket is unless something else is said; `nil`: nowhere.
    func apply(to configuration: inout ApplianceConfiguration, folder: String?) throws {
        if let adminSocket {
            configuration.adminSocket = try EndpointText.endpoint(adminSocket)
        } else if let folder {
            // A path too long for a socket is no reason not to start: nobody has asked for one.
            configuration.adminSocket = try? Endpoint("unix:\(Self.escaped(folder))admin.sock:mode=660")
        }
        configuration.adminTokenFile = adminTokenFile ?? Self.credential
        configuration.allowsAdminNetwork = adminNetwork
        configuration.adminHosts = Set(adminHost)
        if adminNetwork, configuration.adminTokenFile == nil {
            throw ValidationError("--admin-network takes --admin-token-file.")
        }
    }

    /// The start of a path in this folder, as an endpoint is written.
    private static func escaped(_ folder: String) -> String {
        guard folder != "." else { return "" }
        let path = folder.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
        return path.hasSuffix("/") ? path : path + "/"
    }

    /// What `LoadCredential=admin-token:...` leaves. Source: systemd.exec(5).
    private static var credential: String? {
        guard let folder = processEnvironment("CREDENTIALS_DIRECTORY") else { return nil }
        return StateDirectory.existingFile("admin-token", in: folder)
    }
}
