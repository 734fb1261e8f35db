/// A time as Slurm and PBS write it: `MM`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS`.
enum Walltime {
    /// The seconds of such a text; nil where it is none, or zero, or longer than a thousand days.
    static func seconds(_ text: String) -> Int? {
        let halves = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[halves.count - 1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let numbers = parts.compactMap { $0.allSatisfy(\.isASCII) && $0.count <= 6 ? Int($0) : nil }
        guard numbers.count == parts.count, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
        let days = halves.count == 2 ? Int(halves[0]) : 0
        guard let days, (0...1000).contains(days) else { return nil }
        // With days in front the first number counts hours; without, one or two numbers are minutes and seconds.
        let units = halves.count == 2 || numbers.count == 3 ? [3600, 60, 1] : [60, 1]
        guard numbers.count <= units.count else { return nil }
        let total = days * 86400 + zip(numbers, units).reduce(0) { $0 + $1.0 * $1.1 }
        return (1...86_400_000).contains(total) ? total : nil
    }

    /// The seconds as `HH:MM:SS`.
    static func text(_ seconds: Int) -> String {
        [seconds / 3600, seconds / 60 % 60, seconds % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
