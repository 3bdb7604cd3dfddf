import Foundation
import TestSupport
import Testing

/// Pages of a file that are in memory and not on the disk yet, so that a power cut would take them.
///
/// Source: cachestat(2), Linux 6.5.
enum UnwrittenPages {
    /// Python has no name for the system call, but a way to make it.
    private static let script = """
        import ctypes, os, sys
        file = os.open(sys.argv[1], os.O_RDONLY)
        everything, found = (ctypes.c_uint64 * 2)(), (ctypes.c_uint64 * 5)()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(ctypes.c_long(451), file, everything, found, 0):
            sys.exit(os.strerror(ctypes.get_errno()))
        print(found[1] + found[2])
        """

    static func count(of path: String) async throws -> Int {
        let outcome = try await Tool("python3").run("-c", script, path)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
}
