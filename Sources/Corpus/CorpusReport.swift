/// What is in a file of rows, as training would see it.
package struct CorpusReport: Encodable, Sendable {
    package var path: String
    /// All rows, the wrong ones included.
    package var rows = 0
    /// Rows of each kind, by the name that a job gives it.
    package var kinds: [String: Int] = [:]
    /// The layout of conversations; nil where there are none.
    package var chatTemplate: String?
    /// What lengths are counted in: `tokens`, or `characters` where there is no tokenizer.
    package var unit: String
    /// Lengths of the rows before anything is cut; nil where no row is right.
    package var lengths: Lengths?
    /// Tokens or characters of all right rows, before anything is cut.
    package var total = 0
    /// How many of them are learned.
    package var learned = 0
    package var sequenceLength: Int?
    /// Rows that are longer than `sequenceLength`.
    package var longRows = 0
    /// Those of them in which all that is learned lies behind it.
    package var cutAwayRows = 0
    /// Rows in which nothing is learned.
    package var emptyRows = 0
    package var conversations: ConversationCounts?
    /// How many rows are wrong.
    package var faultCount = 0
    /// The first of them, one line each.
    package var faults: [String] = []
    /// What is not wrong, but may not be meant.
    package var notices: [String] = []
    /// The first right rows.
    package var samples: [Sample] = []

    package struct Lengths: Encodable, Sendable, Equatable {
        package var min: Int
        package var median: Int
        package var p95: Int
        package var max: Int

        /// - Parameter lengths: at least one.
        init(_ lengths: [Int]) {
            let sorted = lengths.sorted()
            // The least length that the share of all rows does not go beyond.
            func quantile(_ percent: Int) -> Int { sorted[(sorted.count * percent + 99) / 100 - 1] }
            min = sorted[0]
            median = quantile(50)
            p95 = quantile(95)
            max = sorted[sorted.count - 1]
        }
    }

    /// A row as training would see it.
    package struct Sample: Encodable, Sendable, Equatable {
        package var line: Int
        package var runs: [Run]

        /// A stretch that is learned, or one that is not.
        package struct Run: Encodable, Sendable, Equatable {
            package var text: String
            package var isLearned: Bool

            enum CodingKeys: String, CodingKey {
                case text
                case isLearned = "learned"
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case path, rows, kinds, unit, lengths, total, learned, conversations, faults, notices, samples
        case chatTemplate = "chat_template"
        case sequenceLength = "sequence_len"
        case longRows = "long_rows"
        case cutAwayRows = "cut_away_rows"
        case emptyRows = "empty_rows"
        case faultCount = "fault_count"
    }
}
