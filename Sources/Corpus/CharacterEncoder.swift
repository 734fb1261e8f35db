package import Tokenizers

/// Takes every Unicode scalar for an id: a stand-in for a tokenizer where there is none.
package struct CharacterEncoder: TextEncoder, Sendable {
    package init() {}

    package func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] {
        text.unicodeScalars.map { Int32($0.value) }
    }

    package func encode(_ segments: [ChatSegment], of layout: ChatLayout) -> EncodedChat {
        segments.reduce(into: EncodedChat()) { chat, segment in
            chat.append(encode(segment.text, addSpecialTokens: false), isTrained: segment.isTrained)
        }
    }

    package func missingMarks(of layout: ChatLayout) -> [String] { [] }

    package func decode(_ ids: [Int32]) -> String {
        String(String.UnicodeScalarView(ids.compactMap { Unicode.Scalar(UInt32(bitPattern: $0)) }))
    }
}
