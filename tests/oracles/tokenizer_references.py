"""The reference implementations that tokenizers are compared with, behind one face.

reference(path, pre) gives an object with

encode(drawn)          the ids of each (text, whether control tokens are recognised); None where it
                       crashes
normal(text, special)  the bytes that decoding gives back; None where there is no simple answer
covers                 whether every byte of a text is in some token's source
missing                bytes that the vocabulary can't spell
pieces, controls       texts to draw from: those of the vocabulary, and those of added tokens
keeps_broken           whether broken UTF-8 decodes to itself, but for U+2581,
mark                   which decodes to these bytes
"""

import base64
import json
import re

from tokenizer_families import FAMILIES, IGNORE_MERGES
from tokenizer_gguf import CONTROL, USER_DEFINED, byte_alphabet

UNKNOWN = 2
MARK = "\u2581"


def alphabet_pieces(texts):
    """The texts that a byte-level vocabulary's tokens spell; others are left out."""
    back = {char: b for b, char in byte_alphabet().items()}
    for text in texts:
        try:
            yield bytes(back[c] for c in text).decode()
        except (KeyError, UnicodeDecodeError):
            pass


class HuggingFace:
    """Of what a tokenizer.json holds."""

    mark = MARK.encode()

    def __init__(self, spec):
        from tokenizers import Tokenizer
        spec["post_processor"] = None
        self.special = Tokenizer.from_str(json.dumps(spec))
        self.plain = Tokenizer.from_str(json.dumps(self.without_special(spec)))
        vocab = self.special.get_vocab()
        added = [token["content"] for token in spec["added_tokens"]]
        self.controls = added
        self.byte_level = "ByteLevel" in json.dumps(spec["pre_tokenizer"])
        self.has_prefix = '"add_prefix_space": true' in json.dumps(spec["pre_tokenizer"])
        self.strips = self.has_prefix or any(token["lstrip"] or token["rstrip"] for token in spec["added_tokens"])
        self.missing = set()
        if self.byte_level:
            self.missing = {b for b, char in byte_alphabet().items()
                            if char not in vocab or char in added}
            self.pieces = list(alphabet_pieces(vocab)) + added
        else:
            self.pieces = [text.replace(MARK, " ") for text in vocab]
        self.pieces = [text for text in sorted(self.pieces) if text]
        self.keeps_broken = not spec["normalizer"] and self.byte_level and not self.has_prefix
        self.covers = self.byte_level and not self.missing

    def without_special(self, spec):
        """The same with texts for its control tokens that nobody writes."""
        spec = json.loads(json.dumps(spec))
        names = {}
        for token in spec["added_tokens"]:
            if token["special"]:
                names[token["content"]] = token["content"] = f"\U0010FFFE{token['id']}\U0010FFFE"
        model = spec["model"]
        if isinstance(model["vocab"], dict):
            model["vocab"] = {names.get(text, text): i for text, i in model["vocab"].items()}
            merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
            model["merges"] = [[left, right] for left, right in merges
                               if not names.keys() & {left, right, left + right}]
            model["unk_token"] = names.get(model.get("unk_token"), model.get("unk_token"))
        else:
            model["vocab"] = [[names.get(text, text), score] for text, score in model["vocab"]]
        return spec

    def encode(self, drawn):
        answers = {}
        for special, tokenizer in ((False, self.plain), (True, self.special)):
            chosen = [i for i, (_, flag) in enumerate(drawn) if flag == special]
            answers.update(zip(chosen, self.encode_all(tokenizer, [drawn[i][0] for i in chosen]), strict=True))
        return [answers[i] for i in range(len(drawn))]

    def encode_all(self, tokenizer, texts):
        try:
            return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        except BaseException as error:  # a panic is no Exception
            if "Panic" not in type(error).__name__:
                raise
            if len(texts) == 1:
                return [None]
            half = len(texts) // 2
            return self.encode_all(tokenizer, texts[:half]) + self.encode_all(tokenizer, texts[half:])

    def normal(self, text, special):
        if special or not self.byte_level or self.strips:
            return None
        normalizer = self.plain.normalizer
        data = (normalizer.normalize_str(text) if normalizer else text).encode()
        return bytes(b for b in data if b not in self.missing)


def gguf_spec(fields):
    """The tokenizer.json of a byte-level GGUF file's family."""
    normalizer, steps = FAMILIES[fields["pre"]]
    added = [{"id": i, "content": text, "special": kind != USER_DEFINED, "normalized": False,
              "single_word": False, "lstrip": False, "rstrip": False}
             for i, (text, kind) in enumerate(zip(fields["tokens"], fields["kinds"]))
             if kind in (UNKNOWN, CONTROL, USER_DEFINED)]
    model = {"type": "BPE", "vocab": {text: i for i, text in enumerate(fields["tokens"])},
             "merges": [merge.split(" ") for merge in fields["merges"]],
             "ignore_merges": fields["pre"] in IGNORE_MERGES}
    return {"version": "1.0", "added_tokens": added, "normalizer": normalizer, "decoder": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}, "model": model}


class LlamaCpp:
    """Of a GGUF file with a SentencePiece vocabulary."""

    missing = set()
    mark = b" "

    def __init__(self, path, fields):
        import llama_cpp
        self.model = llama_cpp.Llama(path, vocab_only=True, verbose=False)
        # A unigram vocabulary changes the text.
        self.keeps_broken = self.covers = fields["model"] == "llama"
        self.strips = "phi-3" in fields["name"] or "phi3" in fields["name"]
        self.pieces = [text.replace(MARK, " ") for text in fields["tokens"] if text]
        self.controls = [text for text, kind in zip(fields["tokens"], fields["kinds"])
                         if kind in (CONTROL, USER_DEFINED)]

    def encode(self, drawn):
        return [self.model.tokenize(text.encode(), add_bos=False, special=special) for text, special in drawn]

    def normal(self, text, special):
        if special and self.strips or not self.covers:
            return None
        return text.replace(MARK, " ").encode()


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def protobuf(data):
    """(field, value) of a message, values of length as bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key % 8 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key % 8)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key // 8, value


def sentencepiece_fields(data):
    """Of a SentencePiece model: pieces (text, type), and the map of characters."""
    fields = {"pieces": [], "charsmap": b""}
    for field, value in protobuf(data):
        if field == 1:
            piece = dict(protobuf(value))
            fields["pieces"].append((piece[1].decode(), piece.get(3, 1)))
        elif field == 3:
            fields["charsmap"] = dict(protobuf(value)).get(2, b"")
    return fields


def read_fields(path):
    from gguf import GGUFReader
    reader = GGUFReader(path)
    get = lambda key, default=None: reader.fields[key].contents() if key in reader.fields else default
    return {"model": get("tokenizer.ggml.model"), "pre": get("tokenizer.ggml.pre", "default"),
            "tokens": get("tokenizer.ggml.tokens"), "kinds": get("tokenizer.ggml.token_type"),
            "merges": get("tokenizer.ggml.merges", []), "name": get("general.name", "").lower()}


# Of a tekken.json that does not list its own.
OLD_CONTROLS = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
                "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
                "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"]


class WithControls:
    """Of a library that finds no control tokens: they cut the text here."""

    missing = set()
    keeps_broken = covers = False

    def set_controls(self, controls):
        """Ids by text."""
        self.ids = controls
        self.controls = sorted(controls)
        longest_first = sorted(controls, key=len, reverse=True)
        self.cut = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def encode(self, drawn):
        return [self.parts(text) if special else self.plain(text) for text, special in drawn]

    def parts(self, text):
        ids, at = [], 0
        for match in self.cut.finditer(text):
            ids += self.plain(text[at:match.start()]) + [self.ids[match.group()]]
            at = match.end()
        return ids + self.plain(text[at:])

    def normal(self, text, special):
        return None


class SentencePiece(WithControls):
    def __init__(self, path):
        import sentencepiece
        self.model = sentencepiece.SentencePieceProcessor(path)
        with open(path, "rb") as file:
            pieces = sentencepiece_fields(file.read())["pieces"]
        self.set_controls({text: i for i, (text, kind) in enumerate(pieces) if kind in (UNKNOWN, CONTROL)})
        self.pieces = [text.replace(MARK, " ") for text, _ in pieces]
        self.controls += [text for text, kind in pieces if kind == USER_DEFINED]

    def plain(self, text):
        return self.model.encode(text)


class Tiktoken(WithControls):
    keeps_broken = covers = True
    mark = MARK.encode()

    def __init__(self, pattern, ranks, first, controls):
        import tiktoken
        self.model = tiktoken.Encoding("compared", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self.first = first
        self.set_controls(controls)
        self.pieces = sorted(bytes(token).decode(errors="ignore") for token in ranks)
        self.pieces = [piece for piece in self.pieces if piece]

    def plain(self, text):
        return [self.first + rank for rank in self.model.encode_ordinary(text)]

    def normal(self, text, special):
        return text.encode()


def tekken(spec):
    config = spec["config"]
    first = config["default_num_special_tokens"]
    count = config["default_vocab_size"] - first
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in spec["vocab"] if token["rank"] < count}
    controls = {token["token_str"]: token["rank"] for token in spec.get("special_tokens") or []}
    controls = controls or {text: i for i, text in enumerate(OLD_CONTROLS)}
    # As mistral-common names the others (tokens/tokenizers/tekken.py).
    controls |= {f"<SPECIAL_{i}>": i for i in set(range(first)) - set(controls.values())}
    return Tiktoken(config["pattern"], ranks, first, controls)


def rank_file(path, pre):
    with open(path, "rb") as file:
        ranks = dict(line.split() for line in file if line.strip())
    ranks = {base64.b64decode(token): int(rank) for token, rank in ranks.items()}
    pattern = FAMILIES[pre][1][0]["pattern"]["Regex"]
    return Tiktoken(pattern, ranks, 0, {})


def reference(path, pre):
    """PRE: the pre-tokenizer's name, for a file that does not say it."""
    if path.endswith(".gguf"):
        fields = read_fields(path)
        return LlamaCpp(path, fields) if fields["model"] in ("llama", "t5") else HuggingFace(gguf_spec(fields))
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
        return HuggingFace(spec) if "model" in spec else tekken(spec)
    with open(path, "rb") as file:
        return SentencePiece(path) if file.read(1) == b"\n" else rank_file(path, pre)
