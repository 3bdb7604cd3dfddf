/// From where a listener of the endpoint can be reached, which decides what a request must show.
package enum AdminReach: String, Sendable {
    /// The permissions of the file say who may ask, and who asks may change things.
    case unixSocket
    /// Programs of this host read; changes take the token.
    case loopback
    /// Everything takes the token.
    case network
}
