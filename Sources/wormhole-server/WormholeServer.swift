import Appliance
import ArgumentParser

/// The program.
@main
struct WormholeServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wormhole-server",
        abstract:
            "The servers behind Magic Wormhole: mailbox, transit relay, and what an operator wants to see of them.",
        version: "wormhole-server \(ApplianceVersion.current)",
        subcommands: [
            StartCommand.self, MailboxCommand.self, TransitCommand.self, UsageCommand.self, ImportUsageCommand.self,
            MetricsReferenceCommand.self,
        ]
    )
}
