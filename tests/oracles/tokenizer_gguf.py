#!/usr/bin/env python3
"""Writes a vocabulary-only GGUF file from a tokenizer of Hugging Face or tiktoken.

    pip install gguf tokenizers
    python3 tests/oracles/tokenizer_gguf.py INPUT NAME OUTPUT

INPUT is a tokenizer.json, or a file of tiktoken ranks ("base64 rank" a line),
whose merges are found by splitting each token with the ranks below its own.
NAME is the value of tokenizer.ggml.pre.
"""

import base64
import functools
import json
import sys

import gguf

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5


@functools.cache
def byte_alphabet():
    kept = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE]
    other = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(0x100 + i) for i, b in enumerate(other)}}


def spell(data):
    table = byte_alphabet()
    return "".join(table[b] for b in data)


def halves(ranks, token, limit):
    """The two tokens that TOKEN is merged from, by ranks below LIMIT."""
    parts = [bytes([b]) for b in token]
    while len(parts) > 2:
        rank, i = min(((ranks.get(a + b, limit), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))),
                      default=(limit, 0))
        if rank >= limit:
            return None
        parts[i:i + 2] = [parts[i] + parts[i + 1]]
    return parts


def from_tiktoken(path):
    ranks = {}
    with open(path, "rb") as file:
        for line in file:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    size = max(ranks.values()) + 1
    tokens, kinds = [f"[PAD{i}]" for i in range(size)], [UNUSED] * size
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        tokens[rank], kinds[rank] = spell(token), NORMAL
        if len(token) > 1:
            pair = halves(ranks, token, rank)
            if pair:
                merges.append(f"{spell(pair[0])} {spell(pair[1])}")
    for extra in ("<|endoftext|>", "<|im_start|>", "<|im_end|>"):
        tokens.append(extra)
        kinds.append(CONTROL)
    return tokens, kinds, merges


def from_json(path):
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    ids = dict(spec["model"]["vocab"])
    added = {token["content"]: token for token in spec["added_tokens"]}
    ids.update({text: token["id"] for text, token in added.items()})
    size = max(ids.values()) + 1
    tokens, kinds = [f"[PAD{i}]" for i in range(size)], [UNUSED] * size
    for text, index in ids.items():
        special = added[text]["special"] if text in added else None
        tokens[index] = text
        kinds[index] = {None: NORMAL, True: CONTROL, False: USER_DEFINED}[special]
    merges = [m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]]
    return tokens, kinds, merges


def main():
    source, name, output = sys.argv[1:]
    tokens, kinds, merges = (from_json if source.endswith(".json") else from_tiktoken)(source)
    writer = gguf.GGUFWriter(output, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


if __name__ == "__main__":
    main()
