/// The value of an attribute.
package enum HDF5Attribute: Equatable, Sendable {
    case integer(Int)
    case real(Double)
    case text(String)
    case integers([Int])
    case reals([Double])
    case texts([String])
}
