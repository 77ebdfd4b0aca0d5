#!/usr/bin/env python3
"""Makes a small vocabulary for each chat template in a folder.

Each is the byte-level BPE of a base model's GGUF plus every marker of the template as an added token, written twice by this one
script: NAME.gguf (vocabulary only, the template inside) and NAME.tokenizer.json (Hugging Face tokenizers). So both sides of a
comparison agree on every id.

Markers are found in the template's source by their shapes. A list by hand adds what has no shape of its own, and says which
tokens the makers of each model name as beginning and end of sequence. Tags that models treat as ordinary added tokens (not special)
are typed USER_DEFINED, all other markers CONTROL.

  make_template_vocabs.py --base MODEL.gguf --templates FOLDER --out FOLDER [--declare bare|makers] [--only NAME] [--facts FILE]

--declare bare (the default) declares an end only where the template itself reads eos_token; makers declares the makers' EOS
everywhere. --facts takes what is known of other templates in place of the tables below: {"NAME": {"bos", "eos", "control", "tags"}},
the last two being the markers that are added to those found by shape.
"""
import argparse
import json
import pathlib
import re

import gguf
import tokenizers
from tokenizers import AddedToken, decoders, models, pre_tokenizers

SHAPES = [
    r"<\|[^|<>\s{}'\"+]+\|>",  # <|im_end|>
    r"<｜[^｜<>\s]+｜>",  # <｜User｜>
    r"</?seed:[a-z_]+>",
]
# Tags that models keep as ordinary added tokens.
TAGS = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
        "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"]
TAGS_AS_TOKENS = ("GLM", "Qwen-Qwen3", "Qwen-QwQ", "MiMo", "deepseek", "SmolLM3")
MISTRAL = ["[INST]", "[/INST]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
           "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[ARGS]", "[IMG]"]
BY_HAND = {
    "mistralai": MISTRAL,
    "unsloth-mistral": MISTRAL,
    "google-gemma": ["<start_of_turn>", "<end_of_turn>"],
    "GLM": ["[gMASK]", "<sop>"],
    "Apriel": ["<s>", "</s>"],
}
# By the start of a template's name: beginning and end of sequence as the makers name them.
NAMED = {
    "mistralai": ("<s>", "</s>"),
    "unsloth-mistral": ("<s>", "</s>"),
    "google-gemma": ("<bos>", "<eos>"),
    "microsoft-Phi": ("<s>", "<|endoftext|>"),
    "meta-llama": ("<|begin_of_text|>", "<|eot_id|>"),
    "NousResearch": ("<|begin_of_text|>", "<|im_end|>"),
    "fireworks": ("<|begin_of_text|>", "<|eot_id|>"),
    "meetkai": ("<|begin_of_text|>", "<|eot_id|>"),
    "deepseek": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "CohereForAI": ("<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
    "openai": ("<|startoftext|>", "<|return|>"),
    "ByteDance": ("<seed:bos>", "<seed:eos>"),
    "GLM": (None, "<|endoftext|>"),
    "LFM2": ("<|startoftext|>", "<|im_end|>"),
    "Qwen": (None, "<|im_end|>"),
    "MiMo": (None, "<|im_end|>"),
    "HuggingFaceTB": (None, "<|im_end|>"),
    "Kimi": ("[BOS]", "[EOS]"),
    "Apriel": (None, "<|end|>"),
    "llama-cpp-rwkv": (None, None),
}


def lookup(table, name, default):
    return next((value for start, value in table.items() if name.startswith(start)), default)


def known(name, source):
    """What the tables say of the template NAME."""
    bos, eos = lookup(NAMED, name, (None, None))
    tags = [tag for tag in TAGS if tag in source] if name.startswith(TAGS_AS_TOKENS) else []
    return {"bos": bos, "eos": eos, "control": lookup(BY_HAND, name, []), "tags": tags}


def markers(source, facts):
    found = [token for shape in SHAPES for token in re.findall(shape, source)]
    found += facts["control"] + [token for token in (facts["bos"], facts["eos"]) if token]
    return list(dict.fromkeys(token for token in found if token not in facts["tags"]))


class Base:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        get = lambda key: reader.fields["tokenizer.ggml." + key].contents()
        self.tokens, self.types, self.merges, self.pre = get("tokens"), get("token_type"), get("merges"), get("pre")

    def tokenizer(self):
        merges = [tuple(merge.split(" ")) for merge in self.merges]
        made = tokenizers.Tokenizer(models.BPE(vocab={text: i for i, text in enumerate(self.tokens)}, merges=merges))
        made.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        made.decoder = decoders.ByteLevel()
        return made


def reads_eos(source):
    return re.search(r"\{\{[^}]*\beos_token\b", source) is not None and "set eos_token" not in source


def build(base, name, source, facts, declare, out):
    control, tags, bos, eos = markers(source, facts), facts["tags"], facts["bos"], facts["eos"]
    tokens, types = list(base.tokens), list(base.types)
    added = []
    for text, kind in [(t, gguf.TokenType.CONTROL) for t in control] + [(t, gguf.TokenType.USER_DEFINED) for t in tags]:
        if text not in tokens:
            tokens.append(text)
            types.append(kind)
        added.append((text, kind == gguf.TokenType.CONTROL))
    ids = {text: i for i, text in enumerate(tokens)}

    writer = gguf.GGUFWriter(str(out / (name + ".gguf")), "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(base.pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(base.merges)
    writer.add_chat_template(source)
    if bos:
        writer.add_bos_token_id(ids[bos])
    declares_eos = eos and (declare == "makers" or reads_eos(source))
    if declares_eos:
        writer.add_eos_token_id(ids[eos])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()

    tokenizer = base.tokenizer()
    # In the order of their ids, so that the library hands out the same ones.
    for i, (text, kind) in enumerate(zip(tokens, types)):
        if kind in (gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED):
            tokenizer.add_tokens([AddedToken(text, special=kind == gguf.TokenType.CONTROL, normalized=False)])
            assert tokenizer.token_to_id(text) == i, (text, i)
    tokenizer.save(str(out / (name + ".tokenizer.json")))
    written = {"bos": bos, "eos": eos, "declares_eos": bool(declares_eos), "added": [text for text, _ in added]}
    (out / (name + ".facts.json")).write_text(json.dumps(written, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", required=True)
    parser.add_argument("--templates", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--declare", choices=["bare", "makers"], default="bare")
    parser.add_argument("--only", default="")
    parser.add_argument("--facts", type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    base = Base(args.base)
    facts = json.loads(args.facts.read_text(encoding="utf-8")) if args.facts else {}
    for path in sorted(args.templates.glob("*.jinja")):
        if args.only in path.stem:
            source = path.read_text(encoding="utf-8")
            build(base, path.stem, source, facts.get(path.stem) or known(path.stem, source), args.declare, args.out)


if __name__ == "__main__":
    main()
