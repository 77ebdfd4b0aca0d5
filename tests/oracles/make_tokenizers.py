#!/usr/bin/env python3
"""Trains tiny tokenizers of every kind, to be compared by tokenizer_compare.py.

    python3 tests/oracles/make_tokenizers.py FOLDER

Does nothing where FOLDER is done.
Writes FOLDER/NAME.json, each a tokenizer.json, FOLDER/NAME.model, each
SentencePiece's, a tekken.json and a rank file. They are trained on this repository's text and on characters
of many scripts; between them they have every normaliser, pre-tokenizer, flag of
an added token and way to treat unknown text that is supported.
"""

import base64
import io
import json
import os
import sys

from tokenizer_gguf import byte_alphabet
from tokenizer_references import MARK, sentencepiece_fields
from tokenizer_texts import Texts, real_lines

GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}


def sequence(kind, *parts):
    return {"type": "Sequence", {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}[kind]: list(parts)}


def split(pattern, behavior, invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def metaspace(scheme, cuts):
    return {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": cuts}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


LLAMA_NORMALIZER = sequence("normalizer", {"type": "Prepend", "prepend": MARK}, replace(" ", MARK))

# Name: model, normaliser, pre-tokenizer, further settings of the model.
KINDS = {
    "bytes": ("BPE", {"type": "NFC"}, sequence("pre_tokenizer", split(GPT4, "Isolated"), BYTES), {}),
    "bytes-prefix": ("BPE", None, {**BYTES, "add_prefix_space": True, "use_regex": True}, {"ignore_merges": True}),
    "bytes-digits": ("BPE", {"type": "NFKC"},
                     sequence("pre_tokenizer", {"type": "Digits", "individual_digits": False},
                              {"type": "Punctuation", "behavior": "Contiguous"}, BYTES), {}),
    "llama-legacy": ("BPE", LLAMA_NORMALIZER, None, {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "llama-first": ("BPE", None, metaspace("first", False),
                    {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "gemma": ("BPE", replace(" ", MARK), split(" ", "MergedWithPrevious", kind="String"),
              {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "characters": ("BPE", sequence("normalizer", {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}),
                   {"type": "Whitespace"}, {"unk_token": "<unk>", "fuse_unk": True}),
    "characters-unfused": ("BPE", sequence("normalizer", {"type": "NFKD"}, {"type": "Strip", "strip_left": True,
                                                                             "strip_right": True}),
                           {"type": "BertPreTokenizer"}, {"unk_token": "<unk>", "ignore_merges": True}),
    "characters-left-out": ("BPE", replace(r"\s+", " ", "Regex"),
                            sequence("pre_tokenizer", split(r"\p{Lu}", "MergedWithNext"),
                                     split("e", "MergedWithPrevious", kind="String"),
                                     split(r"[a-f]+|\d", "Removed", True), split(r"[0-3]", "Contiguous", True)), {}),
    "unigram": ("Unigram", "precompiled", sequence("pre_tokenizer", {"type": "WhitespaceSplit"},
                                                   metaspace("always", True)), {"unk_id": 0}),
    "unigram-first": ("Unigram", sequence("normalizer", {"type": "Nmt"}, {"type": "NFKC"}, replace(" {2,}", " ", "Regex")),
                      metaspace("first", True), {"unk_id": 0}),
    "unigram-bytes": ("Unigram", replace(" ", MARK), {"type": "CharDelimiterSplit", "delimiter": "e"},
                      {"unk_id": 0, "byte_fallback": True}),
}

# Content, special, and which flags are set.
ADDED = [("<s>", True, ()), ("</s>", True, ()), ("<|im_end|>", True, ("rstrip",)), ("<|mask|>", True, ("lstrip",)),
         ("<think>", False, ("normalized",)), ("[INST]", False, ("normalized", "lstrip", "rstrip")),
         ("word", False, ("single_word",)), ("Wörd", False, ("single_word", "normalized")), ("  ", False, ()),
         ("<tool>", False, ()), ("<tool>>", True, ()), ("\n\n", False, ())]


def charsmap(corpus):
    """SentencePiece's own map of characters for nmt_nfkc."""
    import sentencepiece
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b", "b a c"] * 20), model_writer=model,
                                             vocab_size=10, hard_vocab_limit=False, minloglevel=2)
    return sentencepiece_fields(model.getvalue())["charsmap"]


def train(kind, corpus):
    from tokenizers import Tokenizer, models, trainers
    model, normalizer, pre_tokenizer, settings = KINDS[kind]
    if normalizer == "precompiled":
        normalizer = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap(corpus)).decode()}
    empty = Tokenizer(models.BPE() if model == "BPE" else models.Unigram())
    spec = json.loads(empty.to_str())
    spec["normalizer"], spec["pre_tokenizer"] = normalizer, pre_tokenizer
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    is_bytes = "ByteLevel" in json.dumps(pre_tokenizer)
    special = ["<unk>"] if "unk_token" in settings or "unk_id" in settings else []
    if settings.get("byte_fallback"):
        special += [f"<0x{byte:02X}>" for byte in range(256)]
    if model == "BPE":
        from tokenizers import pre_tokenizers
        alphabet = pre_tokenizers.ByteLevel.alphabet() if is_bytes else []
        trainer = trainers.BpeTrainer(vocab_size=3000, special_tokens=special, initial_alphabet=alphabet,
                                      show_progress=False, max_token_length=16, limit_alphabet=1000)
    else:
        trainer = trainers.UnigramTrainer(vocab_size=9000, special_tokens=special, unk_token="<unk>",
                                          show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    spec = json.loads(tokenizer.to_str())
    spec["model"].update(settings)
    size = len(spec["model"]["vocab"])
    spec["added_tokens"] = [{"id": 0, "content": "<unk>", "special": True, "normalized": False, "single_word": False,
                             "lstrip": False, "rstrip": False}] if special else []
    for i, (content, is_special, flags) in enumerate(ADDED):
        spec["added_tokens"].append({"id": size + i, "content": content, "special": is_special,
                                     **{flag: flag in flags for flag in
                                        ("normalized", "single_word", "lstrip", "rstrip")}})
    # Ids follow from the text, as they do where a file is written.
    return Tokenizer.from_str(json.dumps(spec)).to_str()


# Name: settings of SentencePiece's trainer.
MODELS = {
    "spm-bpe": {"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
                "remove_extra_whitespaces": False, "user_defined_symbols": ["<user>", f"{MARK}{MARK}", "\n", "ab"],
                "split_digits": True},
    "spm-bpe-plain": {"model_type": "bpe", "normalization_rule_name": "nmt_nfkc_cf", "user_defined_symbols": ["<user>"]},
    "spm-unigram": {"model_type": "unigram", "user_defined_symbols": ["<user>", "ab", "Ab  c"]},
    "spm-unigram-bytes": {"model_type": "unigram", "byte_fallback": True, "add_dummy_prefix": False,
                          "normalization_rule_name": "nfkc", "remove_extra_whitespaces": False},
    "spm-suffix": {"model_type": "unigram", "treat_whitespace_as_suffix": True},
}


def write_ranks(folder):
    """The byte-level vocabulary as a tekken.json and as a rank file."""
    with open(os.path.join(folder, "bytes.json"), encoding="utf-8") as file:
        vocab = json.load(file)["model"]["vocab"]
    back = {char: b for b, char in byte_alphabet().items()}
    tokens = [bytes(back[char] for char in text) for text in sorted(vocab, key=vocab.get)]
    tokens = [base64.b64encode(token).decode() for token in tokens]
    with open(os.path.join(folder, "ranks.tiktoken"), "w", encoding="utf-8") as file:
        file.writelines(f"{token} {rank}\n" for rank, token in enumerate(tokens))
    tekken = {"config": {"pattern": GPT4, "default_vocab_size": len(tokens) - 100, "default_num_special_tokens": 40},
              "vocab": [{"rank": rank, "token_bytes": token} for rank, token in enumerate(tokens)],
              "special_tokens": [{"rank": 1, "token_str": "<s>"}, {"rank": 2, "token_str": "</s>"},
                                 {"rank": 3, "token_str": "[INST]"}]}
    with open(os.path.join(folder, "tekken.json"), "w", encoding="utf-8") as file:
        json.dump(tekken, file)


def main():
    folder = sys.argv[1]
    if os.path.isfile(os.path.join(folder, "done")):
        return
    os.makedirs(folder, exist_ok=True)
    texts = Texts(["a", "b"], [], 5)
    corpus = [text for text in texts.draw(3500)] + real_lines(6000, 5)
    for kind in KINDS:
        with open(os.path.join(folder, f"{kind}.json"), "w", encoding="utf-8") as file:
            file.write(train(kind, corpus))
    write_ranks(folder)
    import sentencepiece
    lines = [line for text in corpus for line in text.splitlines() if "\0" not in line]
    for name, settings in MODELS.items():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=3000,
                                                 character_coverage=0.98, hard_vocab_limit=False, minloglevel=2,
                                                 num_threads=1, **settings)
        with open(os.path.join(folder, f"{name}.model"), "wb") as file:
            file.write(model.getvalue())
    with open(os.path.join(folder, "done"), "w", encoding="utf-8"):
        pass


if __name__ == "__main__":
    main()
