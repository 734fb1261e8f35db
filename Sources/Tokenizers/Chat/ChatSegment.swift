/// A stretch of a conversation as it is laid out for a model.
package struct ChatSegment: Equatable, Sendable {
    package var content: Content
    /// Whether it is learned.
    package var isTrained: Bool

    package enum Content: Equatable, Sendable {
        /// What begins every text of the model: BOS, if it has one.
        case beginning
        /// A mark of the layout: one token where the tokenizer has it, its letters where not.
        case mark(String)
        /// Any other text; marks and special tokens that are spelled in it are letters like others.
        case text(String)
    }

    package init(_ content: Content, isTrained: Bool) {
        self.content = content
        self.isTrained = isTrained
    }

    /// What is to be read there; nothing for the beginning.
    package var text: String {
        switch content {
        case .beginning: ""
        case .mark(let text), .text(let text): text
        }
    }
}
