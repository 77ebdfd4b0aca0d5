#!/usr/bin/env python3
"""Times a tokenizer against its reference on one thread.

    python3 tests/oracles/tokenizer_speed.py DRIVER FILE [--pre NAME] [--lines N]

The texts: N real lines (20,000; tokenizer_texts.py says of what), one by one, and
the same joined to texts of about 4 KiB. Prints the seconds of each, best of
three, and how many times faster DRIVER's tokenizer is than the reference that
tokenizer_references.py names.
"""

import argparse
import base64
import json
import os
import subprocess
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizer_references import HuggingFace, reference  # noqa: E402: reads the environment
from tokenizer_texts import real_lines  # noqa: E402


def joined(lines, size):
    texts, current = [], ""
    for line in lines:
        current += line
        if len(current) >= size:
            texts.append(current)
            current = ""
    return texts + [current]


def reference_seconds(wanted, texts):
    encode = wanted.plain
    if isinstance(wanted, HuggingFace):
        encode = lambda text: wanted.plain.encode(text, add_special_tokens=False).ids
    start = time.perf_counter()
    ids = sum(len(encode(text)) for text in texts)
    return time.perf_counter() - start, ids


def our_seconds(driver, texts):
    lines = "".join(json.dumps({"text": base64.b64encode(text.encode()).decode()}) + "\n" for text in texts)
    run = subprocess.run(driver, input=lines, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    return answer["encode"], answer["ids"], answer["load"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("file")
    parser.add_argument("--pre")
    parser.add_argument("--lines", type=int, default=20000)
    args = parser.parse_args()
    wanted = reference(args.file, args.pre)
    driver = [args.driver, "--time", args.file] + ([args.pre] if args.pre else [])
    lines = real_lines(args.lines, 1)
    for name, texts in (("lines", lines), ("4 KiB texts", joined(lines, 4096))):
        theirs = min(reference_seconds(wanted, texts) for _ in range(3))
        ours = min(our_seconds(driver, texts) for _ in range(3))
        assert theirs[1] == ours[1], (theirs, ours)
        print(f"{args.file}: {name}: {ours[0]:.3f} s, reference {theirs[0]:.3f} s: "
              f"{theirs[0] / ours[0]:.1f} times as fast; loaded in {ours[2]:.3f} s")


if __name__ == "__main__":
    main()
