package import Architectures

/// One value for each linear layer of a block, without a dictionary.
package struct PerLinear<Value> {
    package var query: Value
    package var key: Value
    package var value: Value
    package var attentionOutput: Value
    package var gate: Value
    package var up: Value
    package var down: Value

    package init(_ make: (LinearRole) throws -> Value) rethrows {
        query = try make(.query)
        key = try make(.key)
        value = try make(.value)
        attentionOutput = try make(.attentionOutput)
        gate = try make(.gate)
        up = try make(.up)
        down = try make(.down)
    }

    package subscript(role: LinearRole) -> Value {
        get {
            switch role {
            case .query: query
            case .key: key
            case .value: value
            case .attentionOutput: attentionOutput
            case .gate: gate
            case .up: up
            case .down: down
            }
        }
        set {
            switch role {
            case .query: query = newValue
            case .key: key = newValue
            case .value: value = newValue
            case .attentionOutput: attentionOutput = newValue
            case .gate: gate = newValue
            case .up: up = newValue
            case .down: down = newValue
            }
        }
    }
}

extension PerLinear: Sendable where Value: Sendable {}
