/// A conversation as ids.
package struct EncodedChat: Equatable, Sendable {
    package var ids: [Int32]
    /// Beside each id whether it is learned.
    package var isTrained: [Bool]

    package init(ids: [Int32] = [], isTrained: [Bool] = []) {
        precondition(ids.count == isTrained.count)
        self.ids = ids
        self.isTrained = isTrained
    }

    package mutating func append(_ ids: some Collection<Int32>, isTrained: Bool) {
        self.ids += ids
        self.isTrained += repeatElement(isTrained, count: ids.count)
    }
}
