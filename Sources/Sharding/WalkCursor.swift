import Architectures

/// Where a pass over the units stands, so that those that come next can be asked for in time.
struct WalkCursor {
    private var units: [UnitID] = []
    private var next = 0
    /// Whether another walk that begins alike follows, so that its first units come after the last one.
    private let repeats: Bool

    init(repeats: Bool) { self.repeats = repeats }

    mutating func begin(_ units: [UnitID]) {
        self.units = units
        next = 0
    }

    /// A unit is in use now; one that is used out of turn moves nothing.
    mutating func pass(_ unit: UnitID) {
        if next < units.count, units[next] == unit { next += 1 }
    }

    /// The unit `distance` places behind the one in use, from 0; nil where the walk is over before.
    func upcoming(_ distance: Int) -> UnitID? {
        let place = next + distance
        if place < units.count { return units[place] }
        return repeats && place - units.count < units.count ? units[place - units.count] : nil
    }
}
