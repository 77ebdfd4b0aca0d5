#!/usr/bin/env python3
"""Compares the tokenizer of a file with the reference implementation.

    pip install gguf tokenizers sentencepiece tiktoken llama-cpp-python
    python3 tests/oracles/tokenizer_compare.py DRIVER FILE [--pre NAME] [--count N] [--lines N]

DRIVER is tests/drivers/tokenizer_driver, built; tokenizer_references.py says
what each kind of FILE is compared with: a tokenizer.json with Hugging Face's
tokenizers; a byte-level GGUF file with the same, made of its tables and the
family's own pre-tokenizer and normaliser; a SentencePiece one with llama.cpp; a
SentencePiece model with sentencepiece; a tekken.json or a rank file with
tiktoken.

N strings (100,000; tokenizer_texts.py says of what) and N real lines (10,000)
are encoded, about half of them with control tokens recognised: ids must be
equal, sources must cover the text, and decoding must give the normal form back.
Then N / 20 strings of broken UTF-8 must round trip byte for byte where the
vocabulary can do that. Prints the differences; exits with 1 if there are any.
"""

import argparse
import base64
import json
import random
import subprocess
import sys

from tokenizer_references import reference
from tokenizer_texts import Texts, real_lines


def ask(driver, requests):
    lines = "".join(json.dumps({"text": base64.b64encode(data).decode(), "parse_special": special}) + "\n"
                    for data, special in requests)
    run = subprocess.run(driver, input=lines, capture_output=True, text=True, check=False)
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
    parser.add_argument("file")
    parser.add_argument("--pre", help="the pre-tokenizer of a file that does not say it")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--lines", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    wanted = reference(args.file, args.pre)
    texts = Texts(wanted.pieces, wanted.controls, args.seed)
    drawn = list(texts.draw(args.count)) + real_lines(args.lines, args.seed)
    drawn = [(text, i // 7 % 2 == 1) for i, text in enumerate(drawn)]
    report = Report()
    driver = [args.driver, args.file] + ([args.pre] if args.pre else [])
    answers = ask(driver, [(text.encode(), special) for text, special in drawn])
    for (text, special), want, (ids, decoded, covered) in zip(drawn, wanted.encode(drawn), answers, strict=True):
        if want is not None and want != ids:
            report.add(f"ids (special {special})", text, want, ids)
        normal = wanted.normal(text, special)
        if normal is not None and normal != decoded:
            report.add("decoded", text, normal, decoded)
        if not covered and wanted.covers:
            report.add("source", text, "all bytes", "not all")
    bad = list(broken(args.count // 20, texts.lines, args.seed))
    for data, (_, decoded, _) in zip(bad, ask(driver, [(b, False) for b in bad]), strict=True):
        if wanted.keeps_broken and not wanted.missing.intersection(data):
            if decoded != data.replace("\u2581".encode(), wanted.mark):
                report.add("broken text", data, data, decoded)
    print(f"{args.file}: {report.wrong} differences in {len(drawn)} texts and {len(bad)} broken ones")
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()
