import Admission
import LinuxIO
import MailboxRules
import Observations

/// Where the clients come from, as far as limits care.
extension MailboxLoop {
    /// Hashes addresses with a new key when it is time.
    func rotateSourceKey() {
        let started = ContinuousClock.now
        guard doorkeeper.rotateKey(at: SystemClock.monotonicNanoseconds) else { return }
        observe(.maintenanceFinished(.addressRotation, succeeded: true, duration: ContinuousClock.now - started))
    }

    /// Reports where the clients come from and how full the tables of limits are, as far as that has changed.
    func lookAtSources() {
        let levels = doorkeeper.sourceLevels
        if levels != reportedSources.levels, source.append(.sourceLevels(levels)) {
            reportedSources.levels = levels
            scheduleTurnEnd()
        }
        let (ofDoor, ofRules) = (doorkeeper.tableLevels, rendezvous.sourceTableLevels)
        let tables = LimitTableLevels(
            entries: max(ofDoor.entries, ofRules.entries),
            capacity: ofDoor.capacity,
            evictions: ofDoor.evictions + ofRules.evictions
        )
        if tables != reportedSources.tables, source.append(.limitTableLevels(.mailbox, tables)) {
            reportedSources.tables = tables
            scheduleTurnEnd()
        }
    }
}
