import Glibc
import LinuxIO

/// One request for the metrics.
enum Scrape {
    /// - Returns: How many bytes the answer has, its headers included.
    static func size(port: UInt16) throws(BenchmarkError) -> Int {
        let number = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw BenchmarkError("there is no socket") }
        let socket = Descriptor(owning: number)
        let request = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        guard LoopbackAddress.server(port: port).withPointer({ Glibc.connect(socket.number, $0, $1) }) == 0,
            Glibc.send(socket.number, request, request.utf8.count, CInt(MSG_NOSIGNAL)) == request.utf8.count
        else { throw BenchmarkError("the admin endpoint does not listen on \(port)") }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var size = 0
        var isFirst = true
        while true {
            let count = Glibc.recv(socket.number, &buffer, buffer.count, 0)
            guard count >= 0 else { throw BenchmarkError("the admin endpoint does not answer") }
            if count == 0 { break }
            if isFirst, !buffer.starts(with: Array("HTTP/1.1 200".utf8)) {
                throw BenchmarkError("the metrics cannot be had")
            }
            isFirst = false
            size += count
        }
        return size
    }
}
