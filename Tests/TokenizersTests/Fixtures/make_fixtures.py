"""Makes components.json and splits.json with the Python library `tokenizers` 0.23.3, which Swiftlet follows.

Run it in this folder: python make_fixtures.py
"""

import json
import random

from tokenizers import Tokenizer, pre_tokenizers

R = random.Random(20)
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = [
    GPT2,
    LLAMA3,
    LLAMA3.replace("{1,3}", ""),
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"\w+|[^\w\s]+",
    r"(?=(\d{3})+(?!\d))",
    r"(?<=\S)\s|\d+?",
    "a*",
    r" ?(?:[a-z]+|\d)(?>b|bc)?c?",
    r"^\s+|$",
    r"(?:ab|a)(?:c|bcd)(?:d*)",
    r"(?<!\d)\.(?!\d)",
    r"\P{L}",
    r"[[a-c][^\p{L}]]+",
    r"\Aa|\z|\x{41}",
]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
BITS = list("aabbcdest  \n\r\t'.,!-_09153éßĞſK한語ひカ🙂½²٣ﬁΣς▁") + [
    "\u0301", "e\u0301", "\u00a0", "\u3000", "\u200d", "ｶﾞ", "\u1100\u1161\u11a8", "क्षि", "\u2126", "\x00", "\u0085",
    "𝟘", "\U000105c0", " the", "'s", "'LL", "'ſ", " 1234567", "  ", "\n\n", "\r\n", "<x>", "<X>", " [a]", "</s>",
    "<0x41>", "İ", "abcd",
]  # fmt: skip


def text(most):
    return "".join(R.choice(BITS) for _ in range(R.randint(0, most)))


def split(pattern):
    kind = {"Regex": pattern}
    return {"type": "Split", "pattern": kind, "behavior": R.choice(BEHAVIORS), "invert": R.random() < 0.3}


def metaspace():
    scheme = R.choice(["first", "never", "always"])
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": R.random() < 0.5}


def byte_level(use_regex):
    return {"type": "ByteLevel", "add_prefix_space": R.random() < 0.3, "trim_offsets": True, "use_regex": use_regex}


def splitter():
    return R.choice([
        split(R.choice(PATTERNS)),
        {"type": "Split", "pattern": {"String": R.choice([" ", "a", "ab"])}, "behavior": R.choice(BEHAVIORS),
         "invert": R.random() < 0.3},
        {"type": "Digits", "individual_digits": R.random() < 0.5},
        {"type": "Punctuation", "behavior": R.choice(BEHAVIORS)},
        {"type": "Whitespace"},
        {"type": "WhitespaceSplit"},
    ])  # fmt: skip


def normalizer(depth=0):
    kind = R.choice(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "Prepend", "Replace", "Replace", "Sequence"])
    if kind == "Strip":
        return {"type": kind, "strip_left": R.random() < 0.6, "strip_right": R.random() < 0.6}
    if kind == "Prepend":
        return {"type": kind, "prepend": R.choice(["▁", " ", "xy"])}
    if kind == "Replace":
        pattern = R.choice([{"String": " "}, {"Regex": r"\s+"}, {"Regex": "^a|b$"}])
        return {"type": kind, "pattern": pattern, "content": R.choice(["▁", "", "x"])}
    if kind == "Sequence":
        return {"type": kind, "normalizers": [normalizer(1) for _ in range(R.randint(0, 3))] if depth == 0 else []}
    return {"type": kind}


def added(first, known):
    tokens = []
    contents = ["<x>", "<X>", "[a]", "</s>", "é", "ab", "the", "  "]
    R.shuffle(contents)
    for content in contents[: R.randint(0, 5)]:
        id = known.get(content, first)
        first += id == first
        flags = {k: R.random() < 0.3 for k in ["single_word", "lstrip", "rstrip"]}
        flags |= {k: R.random() < 0.5 for k in ["normalized", "special"]}
        tokens.append({"id": id, "content": content} | flags)
    return tokens


def decoder(byte):
    steps = []
    for _ in range(R.randint(1, 4)):
        kind = R.choice(["Replace", "ByteFallback", "Fuse", "Strip", "Metaspace", "BPEDecoder"] + ["ByteLevel"] * byte)
        step = {"type": kind}
        if kind == "Replace":
            step |= {"pattern": R.choice([{"String": "▁"}, {"Regex": "a+"}]), "content": R.choice([" ", ""])}
        elif kind == "Strip":
            step |= {"content": R.choice([" ", "a", "▁"]), "start": R.randint(0, 2), "stop": 0}
        elif kind == "Metaspace":
            step = metaspace()
        elif kind == "BPEDecoder":
            step |= {"suffix": R.choice(["</w>", "e"])}
        elif kind == "ByteLevel":
            step = byte_level(True)
        steps.append(step)
    return {"type": "Sequence", "decoders": steps}


def byte_model():
    codes = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    rest = [b for b in range(256) if b not in codes]
    alphabet = [chr(c) for c in codes] + [chr(256 + i) for i in range(len(rest))]
    merges = [["t", "h"], ["Ġ", "th"], ["Ġth", "e"], ["th", "e"], ["a", "b"], ["Ġ", "Ġ"], ["ab", "c"], ["Ã", "©"],
              ["1", "2"], ["12", "3"], ["Ċ", "Ċ"], ["'", "s"], ["b", "c"], ["Ġ", "a"], ["ã", "Ģ"]]  # fmt: skip
    vocab = {c: i for i, c in enumerate(alphabet + [a + b for a, b in merges])}
    flags = {"unk_token": None, "fuse_unk": False, "byte_fallback": False}
    return {"type": "BPE", "vocab": vocab, "merges": merges} | flags


def character_model():
    characters = ["<unk>"] + ["<0x%02X>" % b for b in range(256)] + list("▁abcdesthx.,'019<>/\né한 ")
    merges = [["t", "h"], ["▁", "th"], ["▁th", "e"], ["th", "e"], ["a", "b"], ["▁", "▁"], ["ab", "c"], ["▁", "a"],
              ["<", "x"], ["b", "c"], ["'", "s"], ["e", "s"]]  # fmt: skip
    vocab = {c: i for i, c in enumerate(characters + [a + b for a, b in merges])}
    return {"type": "BPE", "vocab": vocab, "merges": merges, "unk_token": "<unk>", "fuse_unk": True}


MODELS = {"byte": byte_model(), "character": character_model()}


def configuration(kind):
    model = dict(MODELS[kind])
    model["ignore_merges"] = R.random() < 0.3
    if kind == "byte":
        steps = [splitter() for _ in range(R.randint(0, 2))] + [byte_level(R.random() < 0.6)]
        pre = {"type": "Sequence", "pretokenizers": steps}
    else:
        model |= {"byte_fallback": R.random() < 0.5, "fuse_unk": R.random() < 0.5}
        model["unk_token"] = R.choice(["<unk>", "<unk>", None])
        pre = R.choice([None, None, metaspace(), splitter()])
    tokens = added(len(model["vocab"]), model["vocab"])
    return {
        "version": "1.0", "added_tokens": tokens, "normalizer": R.choice([None, normalizer()]), "pre_tokenizer": pre,
        "post_processor": None, "decoder": R.choice([None, decoder(kind == "byte")]), "model": model,
    }  # fmt: skip


def is_ambiguous(tokenizer, tokens):
    forms = [tokenizer.normalizer.normalize_str(t["content"]) for t in tokens if t["normalized"]]
    return len(set(forms)) < len(forms) or "" in forms


def component_cases(count):
    made = []
    while len(made) < count:
        kind = R.choice(list(MODELS))
        config = configuration(kind)
        tokenizer = Tokenizer.from_str(json.dumps(config))
        if tokenizer.normalizer and is_ambiguous(tokenizer, config["added_tokens"]):
            continue
        size = tokenizer.get_vocab_size()
        cases = []
        for _ in range(6):
            string = text(14)
            ids = [R.randrange(size) for _ in range(R.randint(1, 5))]
            cases.append({
                "text": string, "ids": tokenizer.encode(string).ids, "random": ids,
                "decoded": tokenizer.decode(ids, skip_special_tokens=False), "skipped": tokenizer.decode(ids),
            })  # fmt: skip
        flags = {k: v for k, v in config["model"].items() if k not in ["vocab", "merges"]}
        config["model"] = flags
        made.append({"kind": kind, "tokenizer": json.dumps(config), "cases": cases})
    return made


def split_cases():
    made = []
    for pattern in PATTERNS:
        for _ in range(2):
            step = split(pattern)
            reader = Tokenizer.from_str(json.dumps({
                "version": "1.0", "added_tokens": [], "pre_tokenizer": step, "model": MODELS["byte"],
            }))  # fmt: skip
            texts = [text(25) for _ in range(6)]
            pieces = [[p for p, _ in reader.pre_tokenizer.pre_tokenize_str(t)] for t in texts]
            made.append({"step": json.dumps(step), "texts": texts, "pieces": pieces})
    return made


def write(name, value):
    with open(name, "w") as file:
        json.dump(value, file, indent=0)
        file.write("\n")


models = {kind: json.dumps({k: m[k] for k in ["vocab", "merges"]}) for kind, m in MODELS.items()}
write("components.json", {"models": models, "configurations": component_cases(60)})
write("splits.json", split_cases())
