import Foundation
import TestSupport
import Testing

/// A folder laid out like the root of a machine with Munin: munin-node, the master, and our plugins linked into it.
///
///     etc/munin                        munin-node.conf, munin.conf, plugin-conf.d, plugins (the links)
///     usr/share/munin/plugins          our plugins
///     var/lib/munin, var/log/munin     belong to the user munin
///     perl, programs                   Munin itself, from the packages that `make test-tools` unpacks
///
/// All of it can be read by the user munin, wherever the clone is. Munin finds its folders by its module of defaults, of
/// which there is a copy here with other paths.
final class MuninMachine: Sendable {
    static let hostName = "wormhole.example"

    let folder: TemporaryFolder
    var plugins: String { folder.path + "/usr/share/munin/plugins" }
    var data: String { folder.path + "/var/lib/munin" }

    /// - Parameter section: The lines of the section `[wormhole_*]` of the plugins' configuration.
    init(section: [String]) async throws {
        folder = try TemporaryFolder()
        let script = """
            set -euo pipefail
            root=$1 tools=$2 repository=$3
            umask 022
            mkdir -p "$root"/etc/munin/{plugins,plugin-conf.d} "$root"/usr/share/munin "$root"/{perl,programs} \\
                "$root"/var/{lib/munin,lib/munin-node/plugin-state,log/munin,run/munin,cache/munin/www}
            cp -r "$tools/debian/usr/share/perl5/Munin" "$root/perl/"
            mkdir -p "$root/perl/Munin/Common"
            sed "s#q{\\\\(/etc\\\\|/var\\\\|/usr/share/munin\\\\)#q{$root\\\\1#" /usr/share/perl5/Munin/Common/Defaults.pm \\
                > "$root/perl/Munin/Common/Defaults.pm"
            cp -L "$tools"/bin/munin* "$root/programs/"
            cp -r "$repository/munin-plugins" "$root/usr/share/munin/plugins"
            chmod -R a+rX "$root"
            """
        let root = folder.path
        let repository = Repository.root.path(percentEncoded: false)
        _ = try Repository.tool("munin-node")
        _ = try await EndToEnd.run("bash", "-c", script, "bash", root, repository + "/.build/test-tools", repository)
        _ = try await perform(as: .root, ["chown", "-R", "munin:munin", root + "/var"])
        try configure(section)
    }

    /// Replaces the plugins' configuration.
    func configure(_ section: [String]) throws {
        let text = (["[wormhole_*]"] + section).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(filePath: folder.path + "/etc/munin/plugin-conf.d/wormhole"))
        try Data("host_name \(Self.hostName)\n".utf8).write(
            to: URL(filePath: folder.path + "/etc/munin/munin-node.conf")
        )
    }

    /// Links a plugin into the node, as an operator does.
    func link(_ plugin: String, as name: String? = nil) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/etc/munin/plugins/" + (name ?? plugin),
            withDestinationPath: plugins + "/" + plugin
        )
    }

    /// Runs a linked plugin with `munin-run`, which takes the user from the configuration.
    func run(_ plugin: String, _ command: String? = nil) async throws -> MuninPlugin.Answer {
        try await perform(as: .root, perl("munin-run", [plugin] + (command.map { [$0] } ?? [])))
    }

    /// Runs one of Munin's programs to its end.
    func run(program: String, _ arguments: String...) async throws -> MuninPlugin.Answer {
        try await perform(as: .root, perl(program, arguments))
    }

    /// Runs one of the master's programs at a Unix time.
    func run(master program: String, _ arguments: String..., at time: Int) async throws {
        let clock = ["env", "FAKETIME_FMT=%s", "faketime", "-f", "@\(time)"]
        let answer = try await perform(as: .munin, clock + perl(program, arguments))
        try #require(answer.status == 0, "\(program): \(answer)")
    }

    enum User {
        case root, munin
    }

    /// Starts a program as another user, which takes root, or sudo without a password.
    func start(as user: User, _ command: [String]) throws -> ChildProcess {
        let privilege = geteuid() == 0 ? [] : ["sudo", "--non-interactive"]
        let change = user == .munin ? ["setpriv", "--reuid=munin", "--regid=munin", "--init-groups"] : []
        return try ChildProcess("env", privilege + ["env", "PERL5LIB=\(folder.path)/perl"] + change + command)
    }

    func perform(as user: User, _ command: [String]) async throws -> MuninPlugin.Answer {
        let child = try start(as: user, command)
        let ending = try await child.end()
        guard case .exited(let status) = ending else {
            throw ConditionNotMet(condition: "\(ending): \(child.transcript)", deadline: .zero)
        }
        return MuninPlugin.Answer(status: status, output: child.output, errors: child.errors)
    }

    /// The command line of one of Munin's programs. Some insist on taint checks being asked for where perl is started.
    func perl(_ program: String, _ arguments: [String]) -> [String] {
        let taints = ["munin-run", "munin-node"].contains(program) ? ["-T"] : []
        return ["perl"] + taints + ["\(folder.path)/programs/\(program)"] + arguments
    }
}
