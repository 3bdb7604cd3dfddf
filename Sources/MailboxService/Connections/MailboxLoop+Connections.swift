import Admission
import MailboxRules
import NIOCore
import Observations
import WormholeWire

/// What is known of each connection, and the pace it is held to.
extension MailboxLoop {
    /// A client that is too fast is not read for this long, after which it has some commands free again.
    private static let shortestHold = TimeAmount.milliseconds(500)

    /// Takes note of a frame before it is carried out. Runs for every message: no allocation, no system call.
    func note(_ frame: ClientFrame, from client: MailboxClient, at now: Timestamp) {
        let command: MailboxCommand =
            switch frame {
            case .message(let message): MailboxCommand(message.command)
            case .missingType, .notAnObject, .invalidJSON: .unknown
            }
        client.record.note(command, at: now)
        if case .message(let message) = frame, case .bind(_, _, let version) = message.command,
            rendezvous.status(of: client.id)?.state == .unbound
        {
            client.record.client = version
        }
        if connectionJournal != nil { connectionJournal?.noted(command, of: client.id, at: now) }
        if client.source != nil { pace(client, at: now.microseconds &* 1000) }
    }

    private func pace(_ client: MailboxClient, at now: Int64) {
        let wait = configuration.commands.wait(client.commandsPaidUntil, at: now)
        configuration.commands.charge(&client.commandsPaidUntil, at: now)
        guard wait > 0 else { return }
        observe(.limitHit(.mailboxCommandRate))
        client.hold(.pace)
        let hold = max(.nanoseconds(wait), Self.shortestHold)
        eventLoop.assumeIsolated().scheduleTask(in: hold) { [weak client] in client?.letGo(.pace) }
    }

    /// Every open connection, oldest first.
    func snapshots() -> [ConnectionSnapshot] {
        clients.values.sorted { $0.id.number < $1.id.number }.compactMap { client in
            rendezvous.status(of: client.id).map { status in
                ConnectionSnapshot(
                    id: client.id.number,
                    connected: client.record.connected,
                    addressID: client.record.addressID,
                    state: status.state,
                    client: status.state == .unbound ? nil : client.record.client,
                    active: client.record.active,
                    commands: client.record.commands,
                    bytesReceived: client.record.bytesReceived,
                    bytesSent: client.record.bytesSent
                )
            }
        }
    }

    /// The number that stands for an address; `nil` where addresses have none.
    func addressID(of address: ClientAddress) -> AddressID? {
        addressIDs?.id(of: address)
    }

    // MARK: The tables of a channel database of version 2

    func startConnectionJournal() {
        guard connectionJournal != nil else { return }
        connectionJournal?.timer = eventLoop.assumeIsolated().scheduleTask(in: ConnectionJournal.interval) {
            [unowned self] in
            writeConnections()
            startConnectionJournal()
        }
    }

    private func writeConnections() {
        guard let batch = connectionJournal?.take({ row(of: $0) }) else { return }
        journal.writeAside({ try $0.write(batch) }) { [unowned self] in
            connectionJournal?.beginAgain(with: clients.keys)
        }
    }

    private func row(of id: ConnectionID) -> ConnectionRow? {
        guard let record = clients[id]?.record else { return nil }
        let status = rendezvous.status(of: id)
        return ConnectionRow(
            id: id.number,
            addressID: record.addressID,
            connected: record.connected,
            active: record.active,
            side: status?.side?.text,
            client: status?.side == nil ? nil : record.client
        )
    }
}
