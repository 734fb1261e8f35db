// Makes what the quickstart is made of, but for the model itself, which Jobs/quickstart/base.yaml trains:
//
//   swiftc -O Jobs/quickstart/make/*.swift -o out/make-quickstart
//   out/make-quickstart Jobs/quickstart
//
// The same files come out on every machine. base.jsonl, which the base learns, is too large to be kept in the repository.

import Foundation

let specialTokens = ["<s>", "</s>"]
let (baseTexts, tokenizerTexts, trainingRows, heldOutRows) = (90_000, 10_000, 12_000, 200)

guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: make-quickstart FOLDER\n".utf8))
    exit(64)
}
let folder = URL(fileURLWithPath: CommandLine.arguments[1], isDirectory: true)

func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
}

func lines(_ tasks: [Task]) -> String {
    tasks.map { "{\"prompt\": \(quoted($0.prompt)), \"completion\": \(quoted($0.completion))}\n" }.joined()
}

var random = SplitMix64(seed: 1)
let texts = (0..<baseTexts).map { _ in Texts.text(&random) }
precondition(!texts.contains { $0.contains("Message:") || $0.contains("Record:") })
try write(texts.map { "{\"text\": \(quoted($0))}\n" }.joined(), to: "base.jsonl")

let tokenizer = BytePairs(Array(texts.prefix(tokenizerTexts)), size: 1024, special: specialTokens)
try write(tokenizer.json(special: specialTokens), to: "tokenizer.json")

random = SplitMix64(seed: 2)
let task = Task.rows(training: trainingRows, heldOut: heldOutRows, &random)
try write(lines(task.training), to: "train.jsonl")
try write(lines(task.heldOut), to: "validation.jsonl")
