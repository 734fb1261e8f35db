import Events
import Reporting
import Testing

@Suite struct ProgressReporterTests {
    @Test("A run begins with what it is about to do")
    func opening() {
        let output = Capture()
        ProgressReporter(output: output).receive(.started(run))
        #expect(
            output.text == """
                Llama-3.1-8B: 8.03 B parameters
                  base     nf4, block 64, double quantised, 5.19 GiB
                  adapter  LoRA r 16, alpha 32, all linear layers, 41.9 M parameters (0.52 %)
                  data     12,345 rows, 4.12 M tokens; 251 rows held out
                  batch    64 sequences of up to 2,048 tokens, packed, micro-batches of 1
                  run      1,200 steps (2 epochs), fp32, checkpointing on
                  machine  8 ranks on 4 nodes, 16 threads each; about 6.20 GiB a rank beside the base
                  output   out/run1

                """)
    }

    @Test("A rank that holds the others up is named, with its share of the step")
    func straggler() {
        let output = Capture()
        ProgressReporter(output: output).receive(
            .straggler(StragglerRecord(rank: 3, host: "node7", ratio: 1.42, share: 0.284)))
        #expect(
            output.text == "warning: rank 3 on node7 takes 1.4 times as long per token as the median of the others: "
                + "28 % of a step is waiting for it\n")
    }

    @Test("A run ends with where things lie and what to do next")
    func closing() {
        let output = Capture()
        let reporter = ProgressReporter(output: output)
        reporter.receive(
            .finished(
                FinishSummary(
                    outcome: .checkpointed(reason: "SIGTERM"), step: 120, totalSteps: 1200, loss: 1.5,
                    evaluationLoss: nil, seconds: 600, tokens: 600_000, traffic: nil, outputDirectory: "out/run1",
                    result: nil,
                    checkpointPath: "out/run1/checkpoints/step-00000120")))
        #expect(
            output.text == """
                stopped at step 120 of 1,200 (SIGTERM), loss 1.5000, 1,000 tok/s
                  checkpoint  out/run1/checkpoints/step-00000120
                  metrics     out/run1/metrics.jsonl
                  next        run the same command again to go on from here

                """)
        let done = Capture()
        let second = ProgressReporter(output: done)
        second.receive(.started(run))
        second.receive(
            .finished(
                FinishSummary(
                    outcome: .completed, step: 1200, totalSteps: 1200, loss: 1.25, evaluationLoss: 1.5, seconds: 7985,
                    tokens: 600_000, traffic: RunTraffic(operations: 80, bytes: 3 << 30), outputDirectory: "out/run1",
                    result: .adapter(path: "out/run1/adapter"), checkpointPath: nil))
        )
        #expect(
            done.text.hasSuffix(
                """
                done: 1,200 steps in 2:13:05, loss 1.2500, held-out loss 1.5000, 75.1 tok/s
                  adapter     out/run1/adapter
                  sent        3.00 GiB between ranks
                  metrics     out/run1/metrics.jsonl
                  next        swiftlet eval Llama-3.1-8B --adapter out/run1/adapter --data FILE.jsonl; or load the \
                adapter with PEFT

                """))
    }

    @Test("On a terminal one line is written over, and what is kept stands on lines of its own")
    func terminal() {
        let output = Capture(width: 120)
        let reporter = ProgressReporter(output: output)
        reporter.receive(.step(step(300)))
        reporter.receive(.evaluation(EvaluationRecord(step: 300, loss: 1.5, targetTokens: 1234, seconds: 4)))
        reporter.receive(.save(SaveRecord(step: 300, path: "c/step-00000300", byteCount: 5_000_000, seconds: 0.5)))
        reporter.receive(.notice("two rows were cut"))
        let clear = "\r\u{1B}[2K"
        #expect(
            output.text == clear
                + "  300/1,200  ━━━━━───────────────  loss 1.8342  lr 2.0e-04  grad 0.8300  2,500 tok/s  30:00 left\n"
                + "step 300: held-out loss 1.5000, perplexity 4.4817 over 1,234 tokens (4.0 s)\n"
                + "step 300: saved c/step-00000300 (4.77 MiB, 0.5 s)\nnotice: two rows were cut\n")
    }

    @Test("A line never fills the terminal", arguments: [0, 1, 10, 20, 40, 60, 80, 100, 200])
    func narrow(width: Int) {
        let output = Capture(width: width)
        ProgressReporter(output: output).receive(.step(step(1199)))
        #expect(output.text.dropFirst(5).count <= max(0, width - 1))
    }

    @Test("In a log the first step is a line, the last, and one every ten seconds between them")
    func plain() {
        let output = Capture()
        let clock = Clock()
        let reporter = ProgressReporter(output: output, now: { clock.now })
        for number in 1...1200 {
            clock.advance(0.1)
            reporter.receive(.step(step(number, seconds: 0.1)))
        }
        let lines = output.text.split(separator: "\n")
        #expect((12...14).contains(lines.count))
        #expect(
            lines[0] == "step 1/1,200  loss 1.8342  lr 2.0e-04  grad 0.8300  50,000 tok/s  2:00 left")
        #expect(lines[lines.count - 1] == "step 1,200/1,200  loss 1.8342  lr 2.0e-04  grad 0.8300  50,000 tok/s")
    }

    @Test("Every event reaches every consumer, in order")
    func stream() throws {
        let outputs = [Capture(), Capture()]
        let stream = EventStream(outputs.map { ProgressReporter(output: $0) })
        try stream.send(.notice("one"))
        try stream.send(.warning("two"))
        for output in outputs { #expect(output.text == "notice: one\nwarning: two\n") }
        try EventStream().send(.notice("nobody hears it"))
    }
}
