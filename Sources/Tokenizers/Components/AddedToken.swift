/// An entry of `added_tokens`: a token that is found in the text before the model sees it.
struct AddedToken: Sendable, Equatable {
    var content: [UInt8]
    /// It counts only where no word character touches it.
    var isSingleWord: Bool
    /// It takes the white space before it along.
    var stripsLeft: Bool
    /// It takes the white space behind it along.
    var stripsRight: Bool
    /// It is looked for in the normalised text, in normalised form.
    var isNormalized: Bool
    /// It is left out of a decoded text on request.
    var isSpecial: Bool

    init(_ value: JSONValue) throws(TokenizerError) {
        content = try value.member("content").bytes()
        isSingleWord = try value.member("single_word").bool()
        stripsLeft = try value.member("lstrip").bool()
        stripsRight = try value.member("rstrip").bool()
        isNormalized = try value.member("normalized").bool()
        isSpecial = try value.member("special").bool()
    }
}
