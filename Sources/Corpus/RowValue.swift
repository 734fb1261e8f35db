/// The value of a field that rows are made of.
enum RowValue {
    case text(String)
    case integers([Int])
    /// Anything else, in words.
    case other(String)

    var found: String {
        switch self {
        case .text: "text"
        case .integers: "a list of numbers"
        case .other(let words): words
        }
    }
}
