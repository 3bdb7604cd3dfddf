package import WormholeWire

/// How long what nobody touches lives.
package struct ExpiryPolicy: Equatable, Sendable {
    /// 11 minutes unless the operator says otherwise; clients count on coming back within 10.
    package var standard: Duration
    /// For applications whose two sides come together later, such as after a day.
    package var perApp: [AppID: Duration]

    package init(standard: Duration = .seconds(660), perApp: [AppID: Duration] = [:]) {
        self.standard = standard
        self.perApp = perApp
    }

    func lifetime(in app: AppID) -> Duration { perApp[app] ?? standard }
}
