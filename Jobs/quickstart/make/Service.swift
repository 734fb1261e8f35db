/// What one can book: a thing for some people, or an appointment for oneself.
struct Service {
    private var name: String
    private var people: Int?

    init(_ random: inout SplitMix64) {
        if random.chance(percent: 60) {
            name = random.pick([
                "table", "table", "table", "boat", "guided tour", "meeting room", "sauna", "tennis court",
            ])
            people = 2 + random.below(11)
        } else {
            name = random.pick([
                "haircut", "check-up", "eye test", "fitting", "massage", "piano lesson", "swimming lesson",
                "driving lesson", "bicycle repair", "photo session",
            ])
        }
    }

    /// "table for 4".
    var short: String { people.map { "\(name) for \($0)" } ?? name }

    /// "a table for four".
    var phrase: String { "\(name.hasPrefix("e") ? "an" : "a") \(spoken)" }

    /// "table for four".
    var spoken: String { people.map { "\(name) for \(numbers[$0])" } ?? name }
}
