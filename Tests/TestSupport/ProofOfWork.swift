import Crypto

/// The work a mailbox server may ask for before `bind`, as clients do it.
///
/// Source: Hashcash version 1, as the mailbox protocol's section on permissions restricts it.
package enum ProofOfWork {
    /// Leading zero bits of every stamp made here.
    package static let bits = 8

    /// A stamp of seven fields, unless told otherwise, with ``bits`` of work in it.
    ///
    /// - Parameters:
    ///   - resource: What it is made out to.
    ///   - claimed: The bits it says it has.
    ///   - extra: The fields between resource and counter.
    ///   - suffix: Comes behind the seven fields.
    package static func stamp(
        for resource: String,
        claiming claimed: String = "\(bits)",
        version: String = "1",
        date: String = "20261121",
        extra: String = ":b'cmFuZG9t'",
        suffix: String = ""
    ) -> String {
        var counter = 0
        while true {
            let stamp = "\(version):\(claimed):\(date):\(resource):\(extra):\(counter)\(suffix)"
            // A whole byte of them, which makes looking simple.
            if Array(Insecure.SHA1.hash(data: Array(stamp.utf8)))[0] == 0 { return stamp }
            counter += 1
        }
    }
}
