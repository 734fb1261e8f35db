/// Somebody of the small world: 40 first names, and 336 surnames made of two syllables each.
struct Person: Hashable {
    var first: String
    var last: String

    var name: String { "\(first) \(last)" }

    /// The place of the first name among all first names.
    var number: Int { (Self.women + Self.men).firstIndex(of: first)! }

    init(_ random: inout SplitMix64) {
        first = random.pick(Self.women + Self.men)
        last = random.pick(Self.beginnings) + random.pick(Self.endings)
    }

    /// Another member of the family, and what they are to this one.
    func relative(_ random: inout SplitMix64) -> (person: Person, kin: String) {
        var relative = self
        let isWoman = random.chance(percent: 50)
        relative.first = random.pick(isWoman ? Self.women : Self.men, but: first)
        return (relative, random.pick(isWoman ? Self.kinswomen : Self.kinsmen))
    }

    private static let women = [
        "Ada", "Anna", "Clara", "Dina", "Edith", "Eva", "Frida", "Greta", "Hanna", "Ida", "Julia", "Karla", "Laura",
        "Lina", "Maria", "Mira", "Nora", "Olga", "Paula", "Rosa", "Sofia", "Vera",
    ]
    private static let men = [
        "Anton", "Bruno", "Carl", "Emil", "Erik", "Felix", "Hugo", "Ivan", "Jonas", "Klaus", "Leo", "Martin", "Nils",
        "Oscar", "Peter", "Simon", "Thomas", "Walter",
    ]
    private static let kinswomen = ["sister", "mother", "aunt", "daughter", "grandmother"]
    private static let kinsmen = ["brother", "father", "uncle", "son", "grandfather"]
    private static let beginnings = [
        "Ash", "Bel", "Cor", "Dal", "Elm", "Fen", "Gar", "Hal", "Ing", "Jar", "Kel", "Lin", "Mor", "Nor", "Oak",
        "Pen", "Ral", "Sel", "Tor", "Ul", "Ver", "Wes", "Yar", "Zan",
    ]
    private static let endings = [
        "berg", "by", "dale", "ford", "holm", "ley", "man", "mond", "quist", "sen", "stad", "ton", "well", "wick",
    ]
}
