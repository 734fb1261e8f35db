/// Times the products with the weights of linear layers, for benchmarks.
package protocol ProductTimer: AnyObject {
    /// Runs `body` and counts its time as that of such products.
    func measureProducts(_ body: () -> Void)
}

extension Optional<any ProductTimer> {
    /// Runs `body`, timed where there is a timer.
    func measure(_ body: () -> Void) {
        guard let self else { return body() }
        self.measureProducts(body)
    }
}
