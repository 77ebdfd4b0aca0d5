"""Models as folders, for the doctor: a published template each, over a small
vocabulary that has its markers, with the ends that the makers declare
(declared_ends.json, with the public file that says so). There are no weights.
"""
import json
import pathlib

import make_template_vocabs as vocabs

HERE = pathlib.Path(__file__).parent
ENDS = json.loads((HERE / "declared_ends.json").read_text(encoding="utf-8"))


# Of the base's tokens: enough for bytes and common words.
KEPT = 1000


def small_base(path):
    """The vocabulary of the GGUF file PATH, less its rarer tokens."""
    base = vocabs.Base(path)
    base.tokens, base.types = base.tokens[:KEPT], base.types[:KEPT]
    kept = set(base.tokens)
    base.merges = [merge for merge in base.merges if merge.replace(" ", "") in kept]
    return base


def write(folder, name, value):
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    (folder / name).write_text(text, encoding="utf-8")


def make(base, template, out):
    """The folder OUT/NAME of the template's healthy model, without an end where
    the table has none."""
    name = template.stem
    source = template.read_text(encoding="utf-8")
    facts = vocabs.known(name, source)
    ends = ENDS[name]["ends"]
    facts = dict(facts, control=facts["control"] + ends)
    folder = out / name
    folder.mkdir()
    vocabs.build(base, name, source, facts, "bare", folder)
    tokenizer = json.loads((folder / (name + ".tokenizer.json")).read_text(encoding="utf-8"))
    for file in folder.iterdir():
        file.unlink()
    ids = {each["content"]: each["id"] for each in tokenizer["added_tokens"]}
    named = {"bos_token": facts["bos"], "eos_token": ends[0] if ends else None}
    declared = [ids[end] for end in ends]
    write(folder, "tokenizer.json", tokenizer)
    write(folder, "tokenizer_config.json", {key: text for key, text in named.items() if text})
    write(folder, "chat_template.jinja", source)
    size = 1 + max(list(ids.values()) + list(tokenizer["model"]["vocab"].values()))
    first = {"eos_token_id": declared[0]} if declared else {}
    write(folder, "config.json", {"model_type": "llama", "vocab_size": size, **first})
    write(folder, "generation_config.json", {"eos_token_id": declared} if declared else {})
    return folder
