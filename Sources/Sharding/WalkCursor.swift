import Architectures

/// Where a pass over the units stands, so that those that come next can be asked for in time.
///
/// All walks begin alike, so that behind the last unit come the first ones of the next walk.
struct WalkCursor {
    private var units: [UnitID] = []
    private var next = 0

    mutating func begin(_ units: [UnitID]) {
        self.units = units
        next = 0
    }

    /// A unit is in use now; one that is used out of turn moves nothing.
    mutating func pass(_ unit: UnitID) {
        if next < units.count, units[next] == unit { next += 1 }
    }

    /// The unit `distance` places behind the one in use, from 0; nil before the first walk.
    func upcoming(_ distance: Int) -> UnitID? { units.isEmpty ? nil : units[(next + distance) % units.count] }
}
