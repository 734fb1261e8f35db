#!/usr/bin/env python3
"""Makes everything else in this folder: a tiny Llama, its tokenizer, and two files of text.

    python make.py [FOLDER]

The base learns stories, letters, notices and lists; train.jsonl and validation.jsonl hold recipes, which it has never
seen. All text comes from the grammars below. README.md names the versions that made the files in the repository; with
one thread they are made again byte for byte.
"""

import json
import math
import os
import random
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

HIDDEN, LAYERS, HEADS, KV_HEADS, INTERMEDIATE, VOCABULARY, CONTEXT = 64, 4, 4, 2, 172, 512, 256
TEXTS, TRAINING_ROWS, VALIDATION_ROWS = 20_000, 300, 60
STEPS, BATCH, PEAK_RATE, WARMUP = 800, 16, 4e-3, 80
BOS, EOS = "<s>", "</s>"

# What the base learns: stories, letters, notices, lists, exercises.

PEOPLE = [
    ("Anna", "she", "her"), ("Bruno", "he", "his"), ("Clara", "she", "her"), ("Dina", "she", "her"),
    ("Emil", "he", "his"), ("Felix", "he", "his"), ("Greta", "she", "her"), ("Hugo", "he", "his"),
    ("Ida", "she", "her"), ("Jonas", "he", "his"), ("Karla", "she", "her"), ("Leo", "he", "his"),
    ("Mira", "she", "her"), ("Nils", "he", "his"), ("Olga", "she", "her"), ("Peter", "he", "his"),
]
KIN = ["sister", "brother", "mother", "father", "uncle", "aunt", "neighbour", "teacher", "friend"]
PLACES = [
    "the garden", "the market", "the old mill", "the river", "the station", "the library", "the harbour", "the school",
    "the bakery", "the park", "the hill", "the bridge", "the barn", "the workshop", "the square",
]
TIMES = ["One morning", "On Monday", "After lunch", "One cold evening", "On a rainy day", "Late in the summer",
         "Before breakfast", "On the first day of spring", "Yesterday", "At noon"]
WEATHER = ["It was raining a little.", "The sun was shining.", "The wind was strong.", "There was snow on the roofs.",
           "The sky was grey.", "It was warm and quiet.", "A thick fog lay over the town."]
THINGS = ["key", "hat", "book", "lamp", "ball", "coat", "letter", "clock", "basket", "ring", "map", "bell", "scarf",
          "bicycle", "kite", "umbrella", "pencil", "drum", "boat", "ladder"]
LOOKS = ["red", "blue", "small", "old", "new", "heavy", "shiny", "green", "broken", "yellow", "wooden", "quiet"]
ANIMALS = ["dog", "cat", "bird", "goat", "horse", "mouse", "rabbit", "duck", "fox", "hen"]
MOODS = ["happy", "tired", "proud", "surprised", "calm", "glad", "hungry", "brave"]
ROOMS = ["under the bed", "behind the door", "on the roof", "in the kitchen", "next to the well", "on a chair",
         "under a tree", "in an old box", "near the gate", "between two stones"]


def story(rng):
    """One short story of everyday things."""
    (name, he, his), (other, _, _) = rng.sample(PEOPLE, 2)
    place, second = rng.sample(PLACES, 2)
    thing, spare = rng.sample(THINGS, 2)
    look, animal, mood = rng.choice(LOOKS), rng.choice(ANIMALS), rng.choice(MOODS)
    kin, where = rng.choice(KIN), rng.choice(ROOMS)
    opening = rng.choice([
        f"{rng.choice(TIMES)}, {name} went to {place} with {his} {kin}.",
        f"{rng.choice(TIMES)}, {name} walked from {place} to {second}.",
        f"{name} lived near {place} with a {look} {animal}.",
        f"{rng.choice(TIMES)}, {name} wanted to buy a {look} {thing}.",
    ])
    middle = rng.choice([
        f"{he.capitalize()} looked for {his} {thing}, but {he} could not find it. The {thing} was {where}.",
        f"On the way {he} met {other}, who had lost a {look} {thing}. They looked for it together.",
        f"There {he} saw a {look} {thing} {where}. \"Whose {thing} is this?\" asked {name}.",
        f"A {animal} took the {thing} and ran to {second}. {name} ran after the {animal}.",
        f"\"Can you help me?\" asked {other}. \"My {thing} is too heavy.\" {name} carried the {thing} to {second}.",
    ])
    turn = rng.choice([
        f"{other} gave {name} a {spare} and said thank you.",
        f"In the end the {thing} was {where}, and the {animal} slept beside it.",
        f"{his.capitalize()} {kin} laughed and said, \"You can have my {spare}.\"",
        f"Then {other} came with a {spare}, and they went home.",
        f"They sat down {where} and waited for {other}.",
    ])
    ending = rng.choice([
        f"{name} was {mood}.", f"That night {name} was very {mood}.", f"\"I am {mood},\" said {name}.",
        f"{name} never forgot the {look} {thing}.", f"After that, {name} and {other} were friends.",
    ])
    weather = [rng.choice(WEATHER)] if rng.random() < 0.5 else []
    return " ".join([opening, *weather, middle, turn, ending])


FOODS = ["leeks", "carrots", "potatoes", "beans", "lentils", "mushrooms", "onions", "apples", "turnips", "peas"]
STORES = ["barley", "rice", "flour", "oats", "butter", "cream", "cheese", "honey", "milk", "oil"]
SPICES = ["salt", "pepper", "thyme", "cumin", "nutmeg", "mustard", "garlic", "parsley"]
WORDS = THINGS + LOOKS + ANIMALS + MOODS + KIN + FOODS + STORES + SPICES


def letter(rng):
    """A letter between two people."""
    (writer, _, _), (reader, _, _) = rng.sample(PEOPLE, 2)
    body = rng.sample([
        f"I have lost my {rng.choice(LOOKS)} {rng.choice(THINGS)}.",
        f"We cooked {rng.choice(FOODS)} with {rng.choice(STORES)} and {rng.choice(SPICES)}.",
        f"The {rng.choice(ANIMALS)} is {rng.choice(MOODS)} again.",
        f"Please bring {rng.randint(2, 30)} {rng.choice(FOODS)} and the {rng.choice(THINGS)}.",
        f"We meet at {rng.choice(PLACES)} at {rng.randint(1, 12)}:{rng.randrange(0, 60, 5):02}.",
        rng.choice(WEATHER),
    ], rng.randint(2, 4))
    return f"Dear {reader}, {' '.join(body)} Yours, {writer}"


def notice(rng):
    """What stands on a board."""
    hour, minute = rng.randint(5, 22), rng.randrange(0, 60, 5)
    place = rng.choice(PLACES)
    return rng.choice([
        f"NOTICE: The {hour}:{minute:02} bus to {place} leaves from stop {rng.randint(1, 9)}; it is {minute} min late.",
        f"LOST: a {rng.choice(LOOKS)} {rng.choice(THINGS)}, near {place}. Call {rng.randint(1000, 9999)}.",
        f"FOR SALE: {rng.choice(THINGS)} ({rng.choice(LOOKS)}), price {rng.randrange(5, 500, 5)}; ask at {place}.",
        f"OPEN: {place}, from {rng.randint(6, 10)} to {rng.randint(14, 20)}, (1) in spring (2) in summer.",
    ])


def shopping(rng):
    """A list for the market, or what a table costs."""
    items = [f"{rng.randrange(50, 900, 50)} g {food}" for food in rng.sample(FOODS + STORES, rng.randint(2, 5))]
    return f"Shopping list for {rng.choice(PEOPLE)[0]}: {'; '.join(items)}; {rng.choice(SPICES)}."


def exercise(rng):
    """Sums, spelling, and words in no order: what keeps the model from being sure of everything."""
    first, second = rng.randint(1, 99), rng.randint(1, 99)
    word = rng.choice(WORDS)
    return rng.choice([
        f"{first} + {second} = {first + second}. {max(first, second)} - {min(first, second)} = {abs(first - second)}.",
        f"{'-'.join(word.upper())} spells {word}. {word.capitalize()} has {len(word)} letters.",
        "Words: " + ", ".join(rng.choice([word, word.capitalize(), word.upper()])
                              for word in rng.sample(WORDS, rng.randint(4, 12))) + ".",
    ])


def everyday(rng):
    """One text of the base: a story more often than not."""
    return rng.choices([story, letter, notice, shopping, exercise], [50, 15, 10, 10, 15])[0](rng)


# Recipes: what the adapter is to learn.

DISHES = ["soup", "stew", "pie", "salad", "pudding", "bread", "curry", "omelette", "risotto", "broth"]
CUTS = ["Peel", "Wash", "Chop", "Grate", "Slice", "Dice"]
HEATS = ["Simmer", "Bake", "Fry", "Steam", "Roast", "Boil"]
VESSELS = ["a deep pan", "a heavy pot", "a baking dish", "a wide bowl", "an iron pan"]
SERVES = ["with bread", "at once", "cold", "with a spoon of cream", "on warm plates", "with more pepper"]


def recipe(rng):
    """One recipe, in a fixed layout that none of the texts above has."""
    dish, main, heat = rng.choice(DISHES), rng.choice(FOODS), rng.choice(HEATS)
    side, spice = rng.choice(STORES), rng.choice(SPICES)
    vessel = rng.choice(VESSELS)
    grams, minutes = rng.randrange(100, 600, 50), rng.randrange(10, 65, 5)
    return (
        f"RECIPE: {main} {dish}, serves {rng.randint(2, 8)}. "
        f"Ingredients: {grams} g {main}; {rng.randrange(50, 300, 50)} g {side}; {rng.randint(1, 3)} tsp {spice}. "
        f"Method: (1) {rng.choice(CUTS)} the {main}. (2) Mix the {main} and the {side} in {vessel}. "
        f"(3) Add the {spice}. (4) {heat} for {minutes} min. (5) Serve {rng.choice(SERVES)}."
    )


def different(make, count, rng):
    """`count` different texts, in the order in which they came up."""
    texts = {}
    while len(texts) < count:
        texts[make(rng)] = None
    return list(texts)


# The tokenizer and the model.

def make_tokenizer(texts, folder):
    """A byte-level BPE that puts the begin token before every text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[BOS, EOS], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, tokenizer.token_to_id(BOS))])
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    write_json(os.path.join(folder, "tokenizer_config.json"), {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS,
        "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT})
    return tokenizer


def rows_of(ids, end):
    """Rows of CONTEXT ids; each begins where a text begins."""
    rows, row = [], []
    for text in ids:
        row += text + [end]
        if len(row) >= CONTEXT:
            rows.append(row[:CONTEXT])
            row = []
    return rows


def make_model(rows, bos, eos, folder):
    """Trains the Llama from nothing and stores it in bf16."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = LlamaForCausalLM(LlamaConfig(
        hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
        intermediate_size=INTERMEDIATE, vocab_size=VOCABULARY, max_position_embeddings=2 * CONTEXT,
        rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=bos, eos_token_id=eos, use_cache=False))
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.95), weight_decay=0.05)
    table, rng = torch.tensor(rows), random.Random(3)
    for step in range(STEPS):
        progress = max(0, step - WARMUP) / (STEPS - WARMUP)
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * min(1, (step + 1) / WARMUP) * (0.02 + 0.49 * (1 + math.cos(math.pi * progress)))
        batch = table[rng.sample(range(len(rows)), BATCH)]
        loss = model(input_ids=batch, labels=batch).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}: loss {loss.item():.4f}", file=sys.stderr)
    model.to(torch.bfloat16).save_pretrained(folder)
    os.remove(os.path.join(folder, "generation_config.json"))
    os.chmod(os.path.join(folder, "model.safetensors"), 0o644)


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def write_rows(path, texts):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    os.makedirs(folder, exist_ok=True)
    recipes = different(recipe, TRAINING_ROWS + VALIDATION_ROWS, random.Random(2))
    write_rows(os.path.join(folder, "train.jsonl"), recipes[:TRAINING_ROWS])
    write_rows(os.path.join(folder, "validation.jsonl"), recipes[TRAINING_ROWS:])
    texts = different(everyday, TEXTS, random.Random(1))
    tokenizer = make_tokenizer(texts, folder)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    make_model(rows_of(ids, eos), bos, eos, folder)


if __name__ == "__main__":
    main()
