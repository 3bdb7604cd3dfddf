import Glibc
import TestSupport
import Testing

@testable import LinuxIO

@Suite("ListeningSocket on a path")
struct UnixListeningSocketTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { folder.path + "/s" }

    private func mode(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test("105: everybody may connect unless the mode says otherwise", arguments: [("", 0o666), (":mode=660", 0o660)])
    func modes(argument: String, expected: mode_t) throws {
        let socket = try ListeningSocket.open(Endpoint("unix:\(path)\(argument)"))
        #expect(mode(of: path) == expected)
        #expect(socket.name == path)
        #expect(socket.port == nil)
        _ = try connect(to: #require(SocketAddressStorage(path: path)))
    }

    @Test("the path is removed at an orderly end")
    func removal() throws {
        let socket = try ListeningSocket.open(Endpoint("unix:\(path)"))
        let kept = socket.path
        _ = Descriptor(owning: socket.release())
        #expect(mode(of: path) != nil)
        kept?.remove()
        #expect(mode(of: path) == nil)
        kept?.remove()
    }

    @Test("a path that another owner has made its own is left alone")
    func foreignPath() throws {
        let first = try ListeningSocket.open(Endpoint("unix:\(path)"))
        #expect(rename(path, path + ".old") == 0)
        let second = try ListeningSocket.open(Endpoint("unix:\(path)"))
        first.removePath()
        #expect(mode(of: path) != nil)
        second.removePath()
        #expect(mode(of: path) == nil)
    }

    @Test("the socket of a dead owner is taken over")
    func stale() throws {
        _ = Descriptor(owning: try ListeningSocket.open(Endpoint("unix:\(path)")).release())
        let socket = try ListeningSocket.open(Endpoint("unix:\(path)"))
        _ = try connect(to: #require(SocketAddressStorage(path: path)))
        socket.removePath()
    }

    @Test("without a lock file the socket of a dead owner is in the way, as in the original")
    func staleWithoutLock() throws {
        _ = Descriptor(owning: try ListeningSocket.open(Endpoint("unix:\(path)")).release())
        let text = "unix:\(path):lockfile=0"
        #expect(throws: ListenError(endpoint: text, reason: "address already in use")) {
            _ = try ListeningSocket.open(Endpoint(text))
        }
    }

    @Test("the socket of a live owner is not touched")
    func live() throws {
        let socket = try ListeningSocket.open(Endpoint("unix:\(path)"))
        #expect(throws: ListenError(endpoint: "unix:\(path)", reason: "address already in use")) {
            _ = try ListeningSocket.open(Endpoint("unix:\(path)"))
        }
        _ = try connect(to: #require(SocketAddressStorage(path: path)))
        socket.removePath()
    }

    @Test("a file that is no socket is not touched")
    func otherFile() throws {
        _ = Descriptor(owning: try check(open(path, O_CREAT | O_WRONLY, 0o600)))
        #expect(throws: ListenError(endpoint: "unix:\(path)", reason: "the path exists and is not a socket")) {
            _ = try ListeningSocket.open(Endpoint("unix:\(path)"))
        }
        #expect(mode(of: path) == 0o600)
    }

    @Test("a folder that does not exist is an error")
    func missingFolder() {
        let text = "unix:\(folder.path)/none/s"
        #expect(throws: ListenError(endpoint: text, reason: "no such file or directory")) {
            _ = try ListeningSocket.open(Endpoint(text))
        }
    }
}
