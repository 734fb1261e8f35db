import Reporting
import Testing

@Suite struct WordingTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func counts(value: Int, text: String) { #expect(Wording.count(value) == text) }

    @Test(arguments: [
        (512, "512"), (1500, "1.50 k"), (41_943_040, "41.9 M"), (123_456_789, "123 M"), (8_030_000_000, "8.03 B"),
    ])
    func sizes(value: Int, text: String) { #expect(Wording.size(value) == text) }

    @Test(arguments: [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.00 KiB"), (1 << 31, "2.00 GiB"), (1 << 41, "2.00 TiB"),
    ])
    func bytes(value: Int, text: String) { #expect(Wording.bytes(value) == text) }

    @Test(arguments: [
        (-1.0, "0.0 s"), (0, "0.0 s"), (0.0001, "1 ms"), (0.0042, "4 ms"), (0.099, "99 ms"), (0.25, "0.2 s"),
        (42.0, "42 s"), (754, "12:34"), (3600, "1:00:00"), (11_554, "3:12:34"), (184_354, "2 d 3:12:34"),
        (.infinity, "?"), (.nan, "?"),
    ])
    func durations(seconds: Double, text: String) { #expect(Wording.duration(seconds) == text) }
}
