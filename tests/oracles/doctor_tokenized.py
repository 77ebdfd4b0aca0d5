"""Rows of training data, right ones and such with one fault, for the doctor.

    doctor_tokenized.py FULLSTOP --templates FOLDER --base MODEL.gguf [--rows N]

Conversations are rendered by Jinja2 as transformers sets it up and encoded by
tokenizers as a whole; what an assistant says is trained up to its end. Of each
kind of fault a file has one row in ten with it: the rule has to name exactly
those lines. A file of right rows has to be silent.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import doctor_models
import tokenizers
from jinja2.sandbox import ImmutableSandboxedEnvironment

FAMILIES = ["Qwen-Qwen2.5-7B-Instruct", "meta-llama-Llama-3.1-8B-Instruct",
            "microsoft-Phi-3.5-mini-instruct", "google-gemma-2-2b-it",
            "mistralai-Mistral-Nemo-Instruct-2407"]
NOT_TRAINED = -100
CUT_OFF = 60
WORDS = ("the of and to in is was for on that with as it be at by from this have not are or "
         "one two three red green blue river stone morning letter window answer question").split()


class Family:
    def __init__(self, base, template, place):
        self.folder = doctor_models.make(base, template, place)
        self.tokenizer = tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        read = lambda name: json.loads((self.folder / name).read_text(encoding="utf-8"))
        self.named = read("tokenizer_config.json")
        self.ends = read("generation_config.json")["eos_token_id"]
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["tojson"] = lambda value, **_: json.dumps(value)
        environment.globals["raise_exception"] = lambda text: (_ for _ in ()).throw(
            ValueError(text))
        environment.globals["strftime_now"] = lambda form: "26 Nov 2026"
        self.template = environment.from_string(template.read_text(encoding="utf-8"))

    def id(self, name):
        text = self.named.get(name)
        return self.tokenizer.token_to_id(text) if text else None

    def row(self, rng, turns, mangle=lambda text, messages: text):
        """Ids, labels, and the places of the trained turns' ends."""
        talk = lambda: " ".join(rng.choice(WORDS) for _ in range(rng.randrange(3, 12)))
        messages = [{"role": ("user", "assistant")[i % 2], "content": f"{talk()} {i}."}
                    for i in range(2 * turns)]
        text = self.template.render(messages=messages, add_generation_prompt=False, **self.named)
        text = mangle(text, messages)
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        ids, labels, ends = encoded.ids, [NOT_TRAINED] * len(encoded.ids), []
        for message in messages[1::2]:
            begin = text.index(message["content"])
            at = next(i for i, (_, end) in enumerate(encoded.offsets) if end > begin)
            while ids[at] not in self.ends:
                labels[at] = ids[at]
                at += 1
            labels[at] = ids[at]
            ends.append(at)
        return {"input_ids": ids, "labels": labels}, ends


def drop(row, at):
    for part in row.values():
        del part[at]


def no_end(family, row, ends, rng):
    drop(row, rng.choice(ends))


def masked_end(family, row, ends, rng):
    row["labels"][rng.choice(ends)] = NOT_TRAINED


def cut(family, row, ends, rng):
    """Every row, at one length; some within a turn."""
    if len(row["input_ids"]) <= CUT_OFF:
        return False
    for part in row.values():
        del part[CUT_OFF:]
    last = row["labels"][-1]
    return None if last not in [NOT_TRAINED, *family.ends] else False


def lone_end(family, row, ends, rng):
    at = ends[0]
    while at > 0 and row["labels"][at - 1] != NOT_TRAINED:
        at -= 1
        row["labels"][at] = NOT_TRAINED


def inner_end(family, row, ends, rng):
    if len(ends) < 2:
        return False
    row["labels"][ends[0]:ends[1]] = row["input_ids"][ends[0]:ends[1]]


def no_bos(family, row, ends, rng):
    if row["input_ids"][0] != family.id("bos_token"):
        return False
    drop(row, 0)


def two_bos(family, row, ends, rng):
    if row["input_ids"][0] != family.id("bos_token"):
        return False
    for name, value in (("input_ids", row["input_ids"][0]), ("labels", NOT_TRAINED)):
        row[name].insert(0, value)


def shared_row(family, row, ends, rng):
    if row["input_ids"][0] != family.id("bos_token"):
        return False
    other, _ = family.row(rng, 1)
    for name in row:
        row[name] += other[name]


def other_pieces(family, row, ends, rng):
    """A word of an answer falls into its letters."""
    for at in range(1, len(row["input_ids"])):
        text = family.tokenizer.id_to_token(row["input_ids"][at])
        pieces = [family.tokenizer.token_to_id(letter) for letter in text]
        if row["labels"][at] == NOT_TRAINED or len(text) < 3 or None in pieces:
            continue
        for part in row.values():
            part[at:at + 1] = pieces
        return None
    return False


def shifted_labels(family, row, ends, rng):
    row["labels"] = row["labels"][1:] + [NOT_TRAINED]


def end_behind_cut(family, row, ends, rng):
    """Every row, at one length; those that lose their end are given one."""
    if len(row["input_ids"]) <= CUT_OFF:
        return False
    before, last = row["labels"][CUT_OFF - 2:CUT_OFF]
    lone = before == NOT_TRAINED and last != NOT_TRAINED  # a turn of one piece
    for part in row.values():
        del part[CUT_OFF - lone:]
    if lone:
        return False
    if last in [NOT_TRAINED, *family.ends]:
        return False
    for part in row.values():
        part[-1] = family.ends[0]


def other_turns(family, row, ends, rng):
    """A line end more or less behind the first answer's end."""
    def mangle(text, messages):
        at = text.index(messages[1]["content"]) + len(messages[1]["content"])
        end = next(each for each in (family.tokenizer.id_to_token(id) for id in family.ends)
                   if text.startswith(each, at))
        at += len(end)
        return text[:at] + (text[at + 1:] if text[at] == "\n" else "\n" + text[at:])
    row.update(family.row(rng, 2, mangle)[0])


def unknown_id(family, row, ends, rng):
    """Padding by an id that the vocabulary does not have."""
    size = family.tokenizer.get_vocab_size(with_added_tokens=True)
    row["input_ids"].append(rng.choice([size, size + rng.randrange(10 ** 6)]))
    row["labels"].append(NOT_TRAINED)


FAULTS = {no_end: "DAT001", masked_end: "DAT002", cut: "DAT003", lone_end: "DAT004",
          inner_end: "DAT005", no_bos: "DAT006", two_bos: "DAT007", shared_row: "DAT008",
          other_pieces: "DAT009", shifted_labels: "DAT010", end_behind_cut: "DAT011",
          other_turns: "DAT012", unknown_id: "DAT013"}


def padded(family, row, ends, rng):
    """Padding with eos, as collators do it, that the mask tells."""
    size = len(row["input_ids"])
    row["attention_mask"] = [1] * size + [0] * 5
    row["input_ids"] = row["input_ids"] + [family.ends[0]] * 5
    row["labels"] = row["labels"] + [NOT_TRAINED] * 5


def packed_apart(family, row, ends, rng):
    other, _ = family.row(rng, 1)
    row["position_ids"] = (list(range(len(row["input_ids"]))) +
                           list(range(len(other["input_ids"]))))
    for name in other:
        row[name] = row[name] + other[name]


HARMLESS = [None, padded, packed_apart]


def found(program, model, file):
    done = subprocess.run([program, "doctor", str(model), "--tokenized", str(file), "--format",
                           "json"], stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)["targets"][1]["findings"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--templates", type=pathlib.Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--rows", type=int, default=100)
    args = parser.parse_args()
    rng, wrong, cases = random.Random(7), 0, 0
    base = doctor_models.small_base(args.base)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        for name in FAMILIES:
            family = Family(base, args.templates / (name + ".jinja"), place)
            for change, rule in [*FAULTS.items(), *((each, None) for each in HARMLESS)]:
                file, lines = place / "rows.jsonl", []
                with file.open("w") as out:
                    for line in range(1, args.rows + 1):
                        row, ends = family.row(rng, rng.randrange(1, 4))
                        faulty = change and (rule is None or change in (cut, end_behind_cut) or line % 10 == 0)
                        if faulty and change(family, row, ends, rng) is not False:
                            lines.append(line)
                        out.write(json.dumps(row) + "\n")
                if change and not lines:
                    continue
                cases += 1
                told = found(args.program, family.folder, file)
                counts = {each["rule"]: int(each["message"].split()[0]) for each in told}
                expected = {rule: len(lines)} if rule else {}
                good = (counts == expected if rule != "DAT010" else set(counts) == {rule})
                if good and rule:
                    good = told[0]["evidence"][0]["line"] == lines[0]
                if not good:
                    wrong += 1
                    print(name, change and change.__name__, expected, counts,
                          [each["evidence"][:1] for each in told][:2])
    print(f"{cases} files of {args.rows} rows: {wrong} judged wrongly")
    sys.exit(wrong != 0 or cases == 0)


main()
