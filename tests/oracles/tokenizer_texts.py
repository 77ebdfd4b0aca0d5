"""The strings that tokenizers are compared on.

Seven kinds, drawn in turn: characters of one Unicode block after another,
pieces of the vocabulary, mutated lines of .inp files, code, runs of white
space, emoji, look-alikes of control tokens. All from one seed.
"""

import glob
import json
import os
import random
import unicodedata

BLOCK_SIZE = 128  # most Unicode blocks are a multiple of it
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("FULLSTOP_DATA", os.path.join(HERE, "../../../shared/data"))

SPACES = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "❤️", "🇩🇪", "🇯🇵", "5️⃣", "🤷🏿‍♀️", "🚀", "\u200d", "\ufe0f", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
GLUE = ["", "", "", " ", "  ", "\n", "\r\n", "'s", "'S", "'ll", "'\u017f", "1", "22", "333", "4444", "a", "B", ".", "...",
        "/", "-", "é", "e\u0301", "中", "の", "한", "\u1112\u1161\u11ab", "ß", "\u0300", "ǅ", "٣", "½", "²", "§", "$", "_", "\u2581"]


def blocks():
    """The code points, block by block, without surrogates."""
    out = []
    for first in range(0, 0x110000, BLOCK_SIZE):
        codes = [c for c in range(first, first + BLOCK_SIZE) if not 0xD800 <= c <= 0xDFFF]
        if not codes:
            continue
        assigned = any(unicodedata.category(chr(c)) not in ("Cn", "Co") for c in codes)
        # Large empty and private planes: one block in 64 will do.
        if assigned or first // BLOCK_SIZE % 64 == 0:
            out.append(codes)
    return out


def text_of(value):
    """All strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from text_of(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from text_of(part)


def real_lines(count, seed):
    """Up to COUNT lines of the data sets, of source code and of emoji."""
    lines = []
    for path in sorted(glob.glob(os.path.join(DATA, "datasets", "*"))):
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file] if path.endswith("l") else json.load(file)
        lines += [line for text in text_of(rows) for line in text.splitlines(keepends=True)]
    for path in sorted(glob.glob(os.path.join(HERE, "*.py"))) + sorted(
            glob.glob(os.path.join(HERE, "../../src/*/*.cc"))):
        with open(path, encoding="utf-8") as file:
            lines += file.read().splitlines(keepends=True)
    lines = sorted(set(lines))
    random.Random(seed).shuffle(lines)
    return lines[:count]


class Texts:
    def __init__(self, pieces, controls, seed):
        self.random = random.Random(seed)
        self.pieces = pieces
        self.controls = controls or ["<|im_end|>"]
        self.blocks = blocks()
        self.next_block = 0
        self.lines = []
        for path in sorted(glob.glob(os.path.join(DATA, "vocabs", "*.inp"))):
            with open(path, encoding="utf-8", newline="") as file:
                self.lines += file.read().split("\n__ggml_vocab_test__\n")
        self.lines = sorted(set(self.lines))
        self.code = []
        for path in sorted(glob.glob(os.path.join(HERE, "*.py"))) + sorted(
                glob.glob(os.path.join(HERE, "../../src/*/*.cc"))):
            with open(path, encoding="utf-8") as file:
                self.code.append(file.read())

    def block(self):
        codes = self.blocks[self.next_block % len(self.blocks)]
        self.next_block += 1
        out = ""
        for _ in range(self.random.randint(1, 12)):
            out += chr(self.random.choice(codes))
            if self.random.random() < 0.3:
                out += self.random.choice(GLUE)
        return out

    def vocabulary(self):
        return "".join(self.random.choice(self.pieces) + self.random.choice(GLUE)
                       for _ in range(self.random.randint(1, 8)))

    def mutated(self):
        text = list(self.random.choice(self.lines))
        for _ in range(self.random.randint(0, 6)):
            place = self.random.randint(0, len(text))
            kind = self.random.random()
            if kind < 0.4:
                text[place:place] = self.random.choice(GLUE + EMOJI)
            elif kind < 0.7:
                del text[place:place + self.random.randint(1, 3)]
            else:
                other = self.random.choice(self.lines)
                begin = self.random.randint(0, len(other))
                text[place:place] = other[begin:begin + 8]
        return "".join(text)

    def source(self):
        text = self.random.choice(self.code)
        begin = self.random.randint(0, len(text))
        return text[begin:begin + self.random.randint(1, 120)]

    def spaces(self):
        out = ""
        for _ in range(self.random.randint(1, 6)):
            out += self.random.choice(SPACES) * self.random.choice([1, 1, 2, 3, 4, 7, 16, 33])
            if self.random.random() < 0.6:
                out += self.random.choice(GLUE)
        return out

    def emoji(self):
        return "".join(self.random.choice(EMOJI) + self.random.choice(GLUE)
                       for _ in range(self.random.randint(1, 6)))

    def look_alike(self):
        out = ""
        for _ in range(self.random.randint(1, 4)):
            token = self.random.choice(self.controls)
            kind = self.random.random()
            if kind < 0.2:
                token = token[:-1]
            elif kind < 0.4:
                token = token[1:]
            elif kind < 0.5:
                token = token.upper()
            elif kind < 0.6:
                place = self.random.randint(0, len(token))
                token = token[:place] + self.random.choice(GLUE) + token[place:]
            out += self.random.choice(GLUE) + token + self.random.choice(GLUE)
        return out

    def draw(self, count):
        kinds = [self.block, self.vocabulary, self.mutated, self.source, self.spaces, self.emoji,
                 self.look_alike]
        for i in range(count):
            yield kinds[i % len(kinds)]()
