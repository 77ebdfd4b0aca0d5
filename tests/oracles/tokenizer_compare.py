#!/usr/bin/env python3
"""Compares the tokenizer of a GGUF file with the reference implementation.

    pip install gguf tokenizers llama-cpp-python
    python3 tests/oracles/tokenizer_compare.py DRIVER GGUF [--count N] [--json FILE] [--seed N]

DRIVER is tests/drivers/tokenizer_driver, built. Byte-level vocabularies are
compared with Hugging Face's tokenizers: an object made of the file's tables and
the family's own pre-tokenizer and normaliser (tokenizer_families.py), or the
tokenizer.json given. SentencePiece vocabularies are compared with llama.cpp.

N strings (100,000; tokenizer_texts.py says of what) are encoded, every other
one with control tokens recognised: ids must be equal, sources must cover the
text, and decoding must give the normal form back. Then N / 20 strings of broken
UTF-8 must round trip byte for byte (llama.cpp's do not: a stray lead byte takes
the bytes of the next space's mark with it). Prints the differences; exits with 1 if
there are any.
"""

import argparse
import base64
import json
import random
import subprocess
import sys

from tokenizer_families import FAMILIES, IGNORE_MERGES
from tokenizer_gguf import CONTROL, USER_DEFINED, byte_alphabet
from tokenizer_texts import Texts

UNKNOWN = 2


class HuggingFace:
    def __init__(self, fields, json_path):
        from tokenizers import Tokenizer
        self.tokenizer_class = Tokenizer
        self.tokens, self.kinds = fields["tokens"], fields["kinds"]
        alphabet = byte_alphabet()
        self.missing = {b for b, char in alphabet.items()
                        if char not in self.tokens or self.kinds[self.tokens.index(char)] != 1}
        if json_path:
            with open(json_path, encoding="utf-8") as file:
                spec = json.load(file)
        else:
            spec = self.spec(fields)
        spec["post_processor"] = None
        self.special = Tokenizer.from_str(json.dumps(spec))
        spec["added_tokens"] = [token for token in spec["added_tokens"] if not token["special"]]
        # Ids of added tokens come from the vocabulary once they are in it.
        spec["model"]["vocab"].update({token["content"]: token["id"] for token in spec["added_tokens"]})
        self.plain = Tokenizer.from_str(json.dumps(spec))

    def spec(self, fields):
        normalizer, steps = FAMILIES[fields["pre"]]
        added = [{"id": i, "content": text, "special": kind != USER_DEFINED, "normalized": False,
                  "single_word": False, "lstrip": False, "rstrip": False}
                 for i, (text, kind) in enumerate(zip(self.tokens, self.kinds))
                 if kind in (UNKNOWN, CONTROL, USER_DEFINED)]
        model = {"type": "BPE", "vocab": {text: i for i, text in enumerate(self.tokens)},
                 "merges": [merge.split(" ") for merge in fields["merges"]],
                 "ignore_merges": fields["pre"] in IGNORE_MERGES}
        return {"version": "1.0", "added_tokens": added, "normalizer": normalizer, "decoder": None,
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}, "model": model}

    def encode(self, drawn):
        """The ids of each (text, whether control tokens are recognised)."""
        answers = {}
        for special, tokenizer in ((False, self.plain), (True, self.special)):
            chosen = [i for i, (_, flag) in enumerate(drawn) if flag == special]
            batch = tokenizer.encode_batch_fast([drawn[i][0] for i in chosen], add_special_tokens=False)
            answers.update((i, encoding.ids) for i, encoding in zip(chosen, batch, strict=True))
        return [answers[i] for i in range(len(drawn))]

    def normal(self, text, special):
        """What decoding gives back; None where there is no simple answer."""
        if special:
            return None
        normalizer = self.plain.normalizer
        data = (normalizer.normalize_str(text) if normalizer else text).encode()
        return bytes(b for b in data if b not in self.missing)


class LlamaCpp:
    def __init__(self, path, fields):
        import llama_cpp
        self.model = llama_cpp.Llama(path, vocab_only=True, verbose=False)
        self.missing = set()
        self.strips = "phi-3" in fields["name"] or "phi3" in fields["name"]

    def encode(self, drawn):
        return [self.model.tokenize(text.encode(), add_bos=False, special=special) for text, special in drawn]

    def normal(self, text, special):
        if special and self.strips:
            return None
        return text.replace("\u2581", " ").encode()


def read_fields(path):
    from gguf import GGUFReader
    reader = GGUFReader(path)
    get = lambda key, default=None: reader.fields[key].contents() if key in reader.fields else default
    return {"model": get("tokenizer.ggml.model"), "pre": get("tokenizer.ggml.pre", "default"),
            "tokens": get("tokenizer.ggml.tokens"), "kinds": get("tokenizer.ggml.token_type"),
            "merges": get("tokenizer.ggml.merges", []), "name": get("general.name", "").lower()}


def pieces_of(fields):
    """Vocabulary pieces as text; those that are no text by themselves are left out."""
    back = {char: b for b, char in byte_alphabet().items()}
    pieces = []
    for token, kind in zip(fields["tokens"], fields["kinds"]):
        if fields["model"] == "llama":
            pieces.append(token.replace("\u2581", " "))
            continue
        try:
            pieces.append(bytes(back[c] for c in token).decode())
        except (KeyError, UnicodeDecodeError):
            if kind != 1:
                pieces.append(token)
    return [piece for piece in pieces if piece]


def ask(driver, path, requests):
    lines = "".join(json.dumps({"text": base64.b64encode(data).decode(), "parse_special": special}) + "\n"
                    for data, special in requests)
    run = subprocess.run([driver, path], input=lines, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    for line in run.stdout.splitlines():
        answer = json.loads(line)
        yield answer["ids"], base64.b64decode(answer["decoded"]), answer["covered"]


class Report:
    def __init__(self):
        self.wrong = 0

    def add(self, what, text, want, got):
        self.wrong += 1
        if self.wrong <= 10:
            print(f"{what}: {text!r}\n  reference {want!r}\n  ours      {got!r}")


def broken(count, lines, seed):
    source = random.Random(seed)
    for i in range(count):
        if i % 2:
            yield bytes(source.choices(range(256), k=source.randint(1, 30)))
        else:
            data = bytearray(source.choice(lines).encode()[:200])
            for _ in range(source.randint(1, 4)):
                data.insert(source.randint(0, len(data)), source.randint(0x80, 0xFF))
            yield bytes(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("gguf")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--json")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    fields = read_fields(args.gguf)
    reference = LlamaCpp(args.gguf, fields) if fields["model"] == "llama" else HuggingFace(fields, args.json)
    controls = [text for text, kind in zip(fields["tokens"], fields["kinds"]) if kind in (CONTROL, USER_DEFINED)]
    texts = Texts(pieces_of(fields), controls, args.seed)
    drawn = [(text, i // 7 % 2 == 1) for i, text in enumerate(texts.draw(args.count))]
    report = Report()
    answers = ask(args.driver, args.gguf, [(text.encode(), special) for text, special in drawn])
    wanted = reference.encode(drawn)
    for (text, special), want, (ids, decoded, covered) in zip(drawn, wanted, answers, strict=True):
        if want != ids:
            report.add(f"ids (special {special})", text, want, ids)
        normal = reference.normal(text, special)
        if normal is not None and normal != decoded:
            report.add("decoded", text, normal, decoded)
        if not covered and not reference.missing:
            report.add("source", text, "all bytes", "not all")
    bad = list(broken(args.count // 20, texts.lines, args.seed))
    has_normalizer = fields["model"] != "llama" and FAMILIES[fields["pre"]][0] is not None
    for data, (ids, decoded, _) in zip(bad, ask(args.driver, args.gguf, [(b, False) for b in bad]), strict=True):
        if fields["model"] == "llama":
            if decoded != data.replace("\u2581".encode(), b" "):
                report.add("broken text", data, data, decoded)
        elif not has_normalizer and not reference.missing.intersection(data) and decoded != data:
            report.add("broken text", data, data, decoded)
    print(f"{args.gguf}: {report.wrong} differences in {len(drawn)} texts and {len(bad)} broken ones")
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
