/// A day of the week and a time of the day, as people say it and as a timetable prints it.
struct Moment {
    var day: String
    var hour: Int
    var minute: Int

    init(_ random: inout SplitMix64) {
        day = random.pick(Self.days)
        hour = 8 + random.below(14)
        minute = random.pick([0, 0, 0, 10, 15, 15, 20, 30, 30, 30, 40, 45, 45, 50])
    }

    /// "19:30".
    var digits: String { "\(hour):\(minute < 10 ? "0" : "")\(minute)" }

    var partOfDay: String { hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening" }

    /// "half past seven", without the part of the day.
    private func spoken(_ random: inout SplitMix64) -> String {
        let name = numbers[Self.twelve(hour)]
        let next = numbers[Self.twelve(hour + 1)]
        switch minute {
        case 0: return random.pick(["\(name) o'clock", name])
        case 15: return random.pick(["quarter past \(name)", "a quarter past \(name)", "\(name) fifteen"])
        case 30: return random.pick(["half past \(name)", "half past \(name)", "\(name) thirty"])
        case 45: return random.pick(["quarter to \(next)", "a quarter to \(next)", "\(name) forty-five"])
        case 10: return "ten past \(name)"
        case 20: return "twenty past \(name)"
        case 40: return "twenty to \(next)"
        default: return "ten to \(next)"
        }
    }

    /// The time alone: "half past seven in the evening", "7:30 pm", "19:30".
    func time(_ random: inout SplitMix64) -> String {
        if hour == 12 && minute == 0 && random.chance(percent: 60) { return "noon" }
        switch random.below(10) {
        case 0: return digits
        case 1:
            let minutes = minute == 0 ? "" : ":\(minute)"
            return "\(Self.twelve(hour))\(minutes) \(hour < 12 ? "am" : "pm")"
        default: return "\(spoken(&random)) in the \(partOfDay)"
        }
    }

    /// Day and time: "on Friday at half past seven in the evening", "on Friday evening at half past seven".
    func phrase(_ random: inout SplitMix64) -> String {
        switch random.below(6) {
        case 0: return "on \(day) \(partOfDay) at \(spoken(&random))"
        case 1: return "at \(spoken(&random)) on \(day) \(partOfDay)"
        case 2: return "at \(time(&random)) on \(day)"
        case 3: return "\(random.pick(["this", "next"])) \(day) at \(time(&random))"
        default: return "on \(day) at \(time(&random))"
        }
    }

    /// Whether it is earlier in the day.
    static func < (one: Moment, other: Moment) -> Bool { (one.hour, one.minute) < (other.hour, other.minute) }

    private static func twelve(_ hour: Int) -> Int { (hour + 11) % 12 + 1 }

    static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
}

let numbers = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
]
