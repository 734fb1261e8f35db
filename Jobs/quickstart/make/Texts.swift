/// What the base learns: letters with their answers, calls, dictations, lists of guests, diaries, notices, stories.
///
/// Most say a thing in words and again in digits, so that the base learns that "half past seven in the evening" is 19:30;
/// some repeat themselves word for word, so that it soon learns to copy. None has the form of the task (`Task.swift`).
enum Texts {
    static func text(_ random: inout SplitMix64) -> String {
        switch random.below(100) {
        case 0..<25: letter(&random)
        case 25..<37: call(&random)
        case 37..<42: diary(&random)
        case 42..<45: notice(&random)
        case 45..<48: shopping(&random)
        case 48..<52: dictation(&random)
        case 52..<54: guests(&random)
        case 54..<66: memory(&random)
        case 66..<76: echo(&random)
        case 76..<89: questions(&random)
        case 89..<91: portrait(&random)
        case 91..<97: week(&random)
        default: story(&random)
        }
    }

    /// A message, and the answer of the house.
    private static func letter(_ random: inout SplitMix64) -> String {
        let booking = Booking(&random)
        let (service, moment) = (booking.service.short, booking.moment)
        let thanks = random.pick([
            "Thank you for your message.", "Thanks for writing.", "It was good to hear from you.",
        ])
        let body =
            switch booking.wish {
            case .book:
                random.pick([
                    "We have a \(service) for \(booking.guest.name) on \(moment.day) at \(moment.digits).",
                    "We expect \(booking.guest.name) on \(moment.day) at \(moment.digits) (\(service)).",
                    "Your booking: \(service), \(moment.day), \(moment.digits), name \(booking.guest.name).",
                ])
            case .move:
                random.pick([
                    "\(booking.guest.name) now has the \(service) on \(moment.day) at \(moment.digits).",
                    "No problem: the new time for \(booking.guest.name) is \(moment.day), \(moment.digits) (\(service)).",
                ])
            case .cancel:
                random.pick([
                    "We have cancelled the \(service) of \(booking.guest.name) on \(moment.day) at \(moment.digits).",
                    "What a pity. \(moment.day), \(moment.digits), is free again (\(booking.guest.name), \(service)).",
                ])
            }
        let end = random.pick(["Until soon", "Best wishes", "Yours"])
        return "\(booking.message(&random))\n"
            + "Dear \(booking.caller.name)! \(thanks) \(body) \(end), \(Person(&random).name)"
    }

    /// Two people on the telephone, one of whom reads back what was said.
    private static func call(_ random: inout SplitMix64) -> String {
        let booking = Booking(&random)
        let (person, service, moment) = (booking.guest, booking.service.short, booking.moment)
        let hello = random.pick(["Good morning, this is the house of \(Person(&random).last).", "Hello, who is there?"])
        let readsBack =
            switch booking.wish {
            case .book:
                random.pick([
                    "I write down: \(moment.day), \(moment.digits), \(service), \(person.name).",
                    "So that is a \(service) for \(person.name), \(moment.day) at \(moment.digits)?",
                ])
            case .move: "I move it to \(moment.day), \(moment.digits) (\(service), \(person.name))."
            case .cancel: "I cancel it: \(person.name), \(service), \(moment.day) at \(moment.digits)."
            }
        return """
            "\(hello)" "My name is \(person.name). \(booking.request(&random))" "\(readsBack)" \
            "\(random.pick(["Yes, thank you.", "That is right.", "Very good. Goodbye!"]))"
            """
    }

    /// A week in words, and the same in the calendar.
    private static func diary(_ random: inout SplitMix64) -> String {
        var said: [String] = []
        var noted: [String] = []
        for _ in 0..<(2 + random.below(3)) {
            let moment = Moment(&random)
            let other = Person(&random)
            if random.chance(percent: 50) {
                let service = Service(&random)
                said.append("\(moment.phrase(&random)) I have \(service.phrase)".capitalized + " with \(other.name).")
                noted.append("\(moment.day) \(moment.digits) \(service.short) (\(other.name))")
            } else {
                let place = random.pick(places)
                said.append("I meet \(other.name) \(moment.phrase(&random)) at \(place).")
                noted.append("\(moment.day) \(moment.digits) \(other.name), \(place)")
            }
        }
        return "\(random.pick(["My week", "What comes next", "Plans"])): \(said.joined(separator: " "))\n"
            + "In my calendar: \(noted.joined(separator: ", ")). \(random.pick(weather))"
    }

    /// A message, read back word for word.
    private static func dictation(_ random: inout SplitMix64) -> String {
        let message = Booking(&random).message(&random)
        let (one, other) = (Person(&random).first, Person(&random).first)
        return random.pick([
            "\(one) reads: \"\(message)\" \(other) reads again: \"\(message)\"",
            "The parrot of \(one) repeats every word: \"\(message)\" \"\(message)\"",
        ])
    }

    /// A short question, and its echo.
    private static func echo(_ random: inout SplitMix64) -> String {
        let (person, moment, service) = (Person(&random), Moment(&random), Service(&random))
        let (asked, said) = random.pick([
            (person.first, person.first), (person.name, person.name), (moment.day, moment.day),
            (moment.time(&random), moment.digits), (moment.phrase(&random), "\(moment.day), \(moment.digits)"),
            (service.phrase, service.short), ("\(person.name) on \(moment.day)", "\(person.name) on \(moment.day)"),
            ("\(person.first), \(moment.day)", "\(moment.day), \(person.first)"),
        ])
        return random.pick([
            "\"You mean \(asked)?\" \"Yes, \(said).\"", "Is it \(asked)? Yes, \(said).",
            "He said \(asked), that is \(said).",
        ])
    }

    /// Who comes when: first told, then asked.
    private static func questions(_ random: inout SplitMix64) -> String {
        var (people, days): ([String], [String]) = ([], [])
        let count = 2 + random.below(3)
        while people.count < count {
            let (person, day) = (Person(&random).first, random.pick(Moment.days))
            if !people.contains(person) && !days.contains(day) { (people, days) = (people + [person], days + [day]) }
        }
        let told = zip(people, days).map { "\($0) comes on \($1)." }
        let asked = (0..<(2 + random.below(4))).map { _ in
            let one = random.below(count)
            return random.pick([
                "When does \(people[one]) come? On \(days[one]).", "Who comes on \(days[one])? It is \(people[one]).",
            ])
        }
        return (told + asked).joined(separator: " ")
    }

    /// A game: words in no order, to be said again.
    private static func memory(_ random: inout SplitMix64) -> String {
        let words = (0..<(3 + random.below(8))).map { _ in
            switch random.below(6) {
            case 0, 1: Person(&random).first
            case 2: Person(&random).last
            case 3: random.pick(Moment.days)
            case 4: random.pick(numbers)
            default: String(random.below(60))
            }
        }.joined(separator: " ")
        return random.pick([
            "Say \(words) after me: \(words). And again: \(words).",
            "Can you remember \(words)? Yes: \(words). And backwards? No, but \(words).",
        ])
    }

    /// A list of names, called out in the same order.
    private static func guests(_ random: inout SplitMix64) -> String {
        let names = (0..<(3 + random.below(6))).map { _ in Person(&random).name }.joined(separator: ", ")
        let caller = Person(&random).first
        return random.pick([
            "Guests: \(names). They come in this order: \(names).", "\(caller) invites \(names). Who comes? \(names).",
            "On the list of \(caller) are \(names). \(caller) calls them: \(names).",
        ])
    }

    private static func notice(_ random: inout SplitMix64) -> String {
        let (one, other, place) = (Moment(&random), Moment(&random), random.pick(places))
        let (from, until) = one < other ? (one, other) : (other, one)
        let stop = 1 + random.below(12)
        return random.pick([
            """
            NOTICE: On \(from.day) \(place) is open from \(from.time(&random)) until \(until.time(&random)) \
            (\(from.digits) until \(until.digits)).
            """,
            """
            The bus to \(place) leaves \(from.phrase(&random)) from stop \(numbers[stop]). Timetable: \(from.day), \
            \(from.digits), stop \(stop).
            """,
            """
            \(Person(&random).name) speaks at \(place) \(from.phrase(&random)). The talk ends at \(until.time(&random)). \
            Begin \(from.digits), end \(until.digits).
            """,
        ])
    }

    /// What is true of everybody of that first name.
    private static func portrait(_ random: inout SplitMix64) -> String {
        let person = Person(&random)
        let number = person.number
        let facts = [
            "\(person.first) is a \(trades[number % trades.count]).",
            "\(person.first) lives near \(places[number % places.count]).",
            "In the evening \(person.first) \(pastimes[number % pastimes.count]).",
        ]
        let start = random.below(3)
        return "Do you know \(person.name)? " + (0..<3).map { facts[(start + $0) % 3] }.joined(separator: " ")
    }

    /// What is true of that day of the week, or the days in their order.
    private static func week(_ random: inout SplitMix64) -> String {
        let first = random.below(7)
        let days = (0..<(3 + random.below(4))).map { (first + $0) % 7 }
        if random.chance(percent: 50) {
            let names = days.map { Moment.days[$0] }.joined(separator: ", ")
            return random.pick(["The days go by: \(names).", "From \(Moment.days[first]) on: \(names)."])
        }
        return days.prefix(4).map { number in
            let (day, next) = (Moment.days[number], Moment.days[(number + 1) % 7])
            return random.pick([
                "On \(day) \(places[number]) is closed.", "On \(day) the \(trades[number]) comes.",
                "After \(day) comes \(next).", "Before \(next) comes \(day).",
            ])
        }.joined(separator: " ")
    }

    private static func shopping(_ random: inout SplitMix64) -> String {
        let amounts = (0..<(2 + random.below(4))).map { _ in (2 + random.below(11), random.pick(goods)) }
        let said = amounts.map { "\(numbers[$0]) \($1)" }.joined(separator: ", ")
        let listed = amounts.map { "\($0) \($1)" }.joined(separator: ", ")
        return "\(Person(&random).first) needs \(said). Shopping list: \(listed)."
    }

    private static func story(_ random: inout SplitMix64) -> String {
        let (one, other, moment) = (Person(&random), Person(&random), Moment(&random))
        let (place, next) = (random.pick(places), random.pick(places))
        let thing = random.pick(things)
        let middle = random.pick([
            "There \(one.first) met \(other.name), who had lost the \(thing). They looked for it together.",
            "\(other.name) was there too, with the \(thing). \"Is this yours?\" asked \(other.first).",
            "On the way \(one.first) found the \(thing) of \(other.name) and took it to \(next).",
        ])
        let end = random.pick([
            "\(one.first) and \(other.first) went home together.", "It was \(moment.digits) when they came to \(next).",
            "\"Thank you, \(one.first),\" said \(other.name).", "Then they drank tea at \(next).",
        ])
        return "\(moment.phrase(&random)) \(one.name) went to \(place).".capitalized
            + " \(random.pick(weather)) \(middle) \(end)"
    }

    private static let places = [
        "the market", "the old mill", "the river", "the station", "the library", "the harbour", "the school",
        "the bakery", "the park", "the bridge", "the workshop", "the town hall", "the museum", "the garden",
    ]
    private static let things = ["umbrella", "old map", "lamp", "letter", "red scarf", "clock", "basket", "key", "hat"]
    private static let trades = [
        "baker", "teacher", "doctor", "carpenter", "gardener", "painter", "singer", "writer", "tailor", "sailor",
        "farmer",
    ]
    private static let pastimes = [
        "plays chess", "goes swimming", "bakes bread", "reads a novel", "walks the dog", "sings in the choir",
        "mends old clocks", "looks at the stars", "plays the piano",
    ]
    private static let weather = [
        "It was raining a little.", "The sun was shining.", "The wind was strong.", "There was snow on the roofs.",
        "The sky was grey.", "It was warm and quiet.", "A thick fog lay over the town.",
    ]
    private static let goods = [
        "apples", "eggs", "carrots", "onions", "pears", "lemons", "candles", "plates", "cups", "stamps", "pencils",
        "loaves of bread", "bottles of milk", "jars of honey",
    ]
}

extension String {
    /// The same with a capital letter at the beginning.
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
