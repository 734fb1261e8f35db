/// The task that the base has never seen: from a message in free words to the record that a clerk keeps.
struct Task {
    var prompt: String
    var completion: String

    private init(_ booking: Booking, _ random: inout SplitMix64) {
        prompt = "Message: \(booking.message(&random, namesFriends: false))\nRecord:"
        completion = " \(booking.record)"
    }

    /// Rows to train on and rows held out: no guest of the one is a guest of the other.
    static func rows(training: Int, heldOut: Int, _ random: inout SplitMix64) -> (training: [Task], heldOut: [Task]) {
        var guests: Set<Person> = []
        var tests: [Task] = []
        while tests.count < heldOut {
            let booking = Booking(&random)
            if guests.insert(booking.guest).inserted { tests.append(Task(booking, &random)) }
        }
        var rows: [Task] = []
        while rows.count < training {
            let booking = Booking(&random)
            if !guests.contains(booking.guest) { rows.append(Task(booking, &random)) }
        }
        return (rows, tests)
    }
}
