import NIOCore
import Sockets

/// Gives a loop on a thread of its own for the time `body` takes.
func withLoop<Result>(standIn: String? = nil, _ body: (SocketLoop) async throws -> Result) async throws -> Result {
    let loop = try SocketLoop.start(name: "loop-test", standIn: standIn)
    do {
        let result = try await body(loop)
        try await loop.shutdownGracefully()
        return result
    } catch {
        try await loop.shutdownGracefully()
        throw error
    }
}
