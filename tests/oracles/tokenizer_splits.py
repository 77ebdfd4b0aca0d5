#!/usr/bin/env python3
"""Compares every pre-tokenizer with Hugging Face's, on random strings.

    pip install tokenizers
    python3 tests/oracles/tokenizer_splits.py DRIVER [COUNT [NAME...]]

DRIVER is tests/drivers/tokenizer_driver, built. Both tables must have the same
names, with the same normaliser and ignore_merges. Then, for each name of
tokenizer_families.py, COUNT strings (2,000) are split by both; prints the
differences and exits with 1 if there are any.
"""

import base64
import json
import subprocess
import sys

from tokenizers import Tokenizer

from tokenizer_families import FAMILIES, IGNORE_MERGES
from tokenizer_texts import Texts

PIECES = ["the", " The", "Hello", "WORLD", "camelCase", "'re", "don't", " 123", "12345678", "über", "ǅabc", "привет",
          "你好", "我们", "カタカナ", "ひらがな", "한국어", "नमस्ते", "สวัสดี", "مرحبا", "--", "==>", " //", "\\n", "IMGIMGAZ",
          "<sentinel:12>", "〈", "！", "、", "\u3000", "x\u0301y", "\U00020000", "𝟘𝟙", "Ⅻ", "①②③④", "\u200c", "٠١٢٣٤٥"]


def hf_splitter(steps):
    model = {"type": "BPE", "vocab": {}, "merges": []}
    spec = {"version": "1.0", "added_tokens": [], "normalizer": None, "post_processor": None, "decoder": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}, "model": model}
    return Tokenizer.from_str(json.dumps(spec)).pre_tokenizer


def ends_of(splitter, text):
    """Where the pieces end, in bytes. With ByteLevel a piece has a character
    for each byte, so lengths count bytes even where a piece ends inside a
    character."""
    ends = []
    for piece, _ in splitter.pre_tokenize_str(text):
        ends.append((ends[-1] if ends else 0) + len(piece))
    return ends


def table_differences(driver):
    run = subprocess.run([driver, "--names"], capture_output=True, text=True, check=True)
    ours = {entry.pop("name"): entry for entry in map(json.loads, run.stdout.splitlines())}
    wanted = {name: {"nfc": normalizer is not None, "ignore_merges": name in IGNORE_MERGES}
              for name, (normalizer, _) in FAMILIES.items()}
    wrong = [name for name in ours.keys() | wanted.keys() if ours.get(name) != wanted.get(name)]
    for name in sorted(wrong):
        print(f"{name}: Hugging Face {wanted.get(name)}, ours {ours.get(name)}")
    return len(wrong)


def main():
    driver = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    names = sys.argv[3:] or list(FAMILIES)
    texts = list(Texts(PIECES, ["<|im_end|>", "<sentinel:7>", "</s>"], seed=1).draw(count))
    requests = "".join(
        json.dumps({"text": base64.b64encode(text.encode()).decode()}) + "\n" for text in texts)
    total = table_differences(driver)
    for name in names:
        splitter = hf_splitter(FAMILIES[name][1])
        run = subprocess.run([driver, "--split", name], input=requests, capture_output=True, text=True,
                             check=False)
        if run.returncode != 0:
            sys.exit(run.stderr)
        wrong = 0
        for text, answer in zip(texts, run.stdout.splitlines(), strict=True):
            want = ends_of(splitter, text)
            got = json.loads(answer)["ends"]
            if want != got:
                wrong += 1
                if wrong <= 3:
                    print(f"{name}: {text!r}\n  Hugging Face {want}\n  ours         {got}")
        print(f"{name}: {wrong} of {count} differ")
        total += wrong
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
