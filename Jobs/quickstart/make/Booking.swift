/// What somebody wants of a house that takes bookings, and the free words in which they may say so.
struct Booking {
    enum Wish: String {
        case book, move, cancel
    }

    let wish: Wish
    /// Who writes or calls.
    let caller: Person
    /// Whom it is for: now and then somebody of the caller's family.
    let guest: Person
    private let kin: String?
    let service: Service
    /// When it is to be, or was to be where it is cancelled.
    let moment: Moment
    /// What a correction replaces, or when it was to be before it was moved: on another day.
    private let former: Moment

    init(_ random: inout SplitMix64) {
        wish = random.pick([.book, .book, .book, .move, .cancel])
        caller = Person(&random)
        let relative = random.chance(percent: 20) ? caller.relative(&random) : nil
        (guest, kin) = (relative?.person ?? caller, relative?.kin)
        service = Service(&random)
        moment = Moment(&random)
        var former = Moment(&random)
        if former.day == moment.day { former.day = random.pick(Moment.days, but: moment.day) }
        self.former = former
    }

    /// What a clerk writes down: the answer that the adapter is to learn.
    var record: String { "\(wish.rawValue), \(guest.name), \(service.short), \(moment.day), \(moment.digits)" }

    /// A letter, or a message on the telephone.
    /// - Parameter namesFriends: whether it may begin with somebody else's full name.
    func message(_ random: inout SplitMix64, namesFriends: Bool = true) -> String {
        let isSigned = random.chance(percent: 40)
        let hello = random.pick(["Hello", "Hi", "Good morning", "Good evening", "Dear \(Person(&random).name)"])
        let me = random.pick(["this is \(caller.name)", "my name is \(caller.name)", "\(caller.name) here"])
        var sentences = [isSigned ? "\(hello)!" : "\(hello), \(me)."]
        if random.chance(percent: 25) { sentences.append(preface(&random, namesFriends: namesFriends)) }
        if let kin {
            sentences.append(
                random.pick([
                    "I am writing for my \(kin) \(guest.name).", "This is about my \(kin), \(guest.name).",
                    "It is for \(guest.name), my \(kin).",
                ]))
        }
        sentences.append(request(&random))
        if random.chance(percent: 45) { sentences.append(aside(&random)) }
        if isSigned {
            sentences.append("\(random.pick(["Best wishes", "Thank you", "Yours", "Many thanks"])), \(caller.name)")
        }
        return sentences.joined(separator: " ")
    }

    func request(_ random: inout SplitMix64) -> String {
        switch wish {
        case .book: return random.chance(percent: 25) ? correctedRequest(&random) : plainRequest(&random)
        case .move: return moveRequest(&random)
        case .cancel:
            let when = moment.phrase(&random)
            return random.pick([
                "Please cancel the \(service.spoken) \(when).",
                "We cannot come \(when), so please cancel the \(service.spoken).",
                "I am ill and have to cancel \(service.phrase) that I booked \(when).",
                "I do not need the \(service.spoken) \(when) any more.",
            ])
        }
    }

    private func plainRequest(_ random: inout SplitMix64) -> String {
        let when = moment.phrase(&random)
        return random.pick([
            "Could we have \(service.phrase) \(when)?", "I would like \(service.phrase) \(when), please.",
            "Is there \(service.phrase) free \(when)?", "Please book \(service.phrase) \(when).",
            "We need \(service.phrase) \(when).", "Do you have time \(when)? We want \(service.phrase).",
        ])
    }

    private func correctedRequest(_ random: inout SplitMix64) -> String {
        let (day, other) = (moment.day, former.day)
        let time = moment.time(&random)
        var wrong = moment
        while wrong.digits == moment.digits { wrong = Moment(&random) }
        return random.pick([
            "Could we have \(service.phrase), not on \(other) but on \(day), at \(time)?",
            "Please book \(service.phrase) on \(other), no, sorry, on \(day), at \(time).",
            "I would like \(service.phrase) at \(time) on \(day). I know that I said \(other) before.",
            "We need \(service.phrase) on \(day), at \(time) and not at \(wrong.time(&random)).",
            "Is there \(service.phrase) free at \(time)? \(other) is no good, but \(day) would be fine.",
        ])
    }

    private func moveRequest(_ random: inout SplitMix64) -> String {
        if random.chance(percent: 30) {
            var sameTime = moment
            sameTime.day = former.day
            let when = sameTime.phrase(&random)
            return random.pick([
                "I have \(service.phrase) \(when). Could I come on \(moment.day) instead, at the same time?",
                "We booked \(service.phrase) \(when). Please make it \(moment.day), at the same time.",
            ])
        }
        let (before, after) = (former.phrase(&random), moment.phrase(&random))
        return random.pick([
            "I have \(service.phrase) \(before). Could we move it to another day? I could come \(after).",
            "We booked \(service.phrase) \(before), but now we can only come \(after).",
            "Can we have the \(service.spoken) \(after) instead of \(former.day)?",
            "Instead of \(before) we would like to have our \(service.spoken) \(after).",
        ])
    }

    // What does not matter, and may mislead: other names, days, times and numbers.

    private func preface(_ random: inout SplitMix64, namesFriends: Bool) -> String {
        let other = Moment(&random)
        let friend = "My friend \(Person(&random).name) told me about you."
        return random.pick([
            "I hope you are well.", "We were with you on \(other.day), and it was very nice.",
            namesFriends ? friend : "A friend told me about you.", "I tried to call you on \(other.day).",
            "I hear that you open at \(other.time(&random)).",
        ])
    }

    private func aside(_ random: inout SplitMix64) -> String {
        let other = Moment(&random)
        return random.pick([
            "You can reach me at \(1000 + random.below(9000)).", "My number is \(1000 + random.below(9000)).",
            "Please send me a short answer.", "Thank you for your help.", "It has rained here since \(other.day).",
            "I know that you close at \(other.time(&random)).", "On \(other.day) I am not at home.",
            "Please answer before \(other.time(&random)).", "\(Person(&random).name) says hello.",
        ])
    }
}
