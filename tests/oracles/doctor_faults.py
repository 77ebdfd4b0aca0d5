"""Faults put into healthy models, for the doctor to find.

    doctor_faults.py FULLSTOP --templates FOLDER --base MODEL.gguf [--rounds N]
        [--seed N] [--kinds MODULE]

Eight families of published templates, each over a vocabulary whose markers have
got random names and ids. A case is a healthy model with one fault, every third
with two, or with a harmless change. What the doctor finds beyond what it finds
in the healthy one is held against the cause that the injector wrote down:
MODULE (doctor_fault_kinds) has the kinds, and nothing of the doctor's. A kind that
says which severities are right is found by a finding of one of them alone.

Counted: each kind's cause found (>= 90 %), all causes (>= 98 %), the cause first
among what is new, where a case has one (>= 95 %), harmless changes without a
warning (all), repaired models without the cause (all, where a repair is
offered).
"""
import argparse
import collections
import copy
import importlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import doctor_models

FAMILIES = ["Qwen-Qwen3-0.6B", "meta-llama-Llama-3.1-8B-Instruct", "GLM-4.6",
            "google-gemma-2-2b-it", "microsoft-Phi-3.5-mini-instruct", "openai-gpt-oss-120b",
            "deepseek-ai-DeepSeek-V3.1", "HuggingFaceTB-SmolLM3-3B"]
# What a folder holds, as it is kept here.
FILES = ["config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"]


class Model:
    """A folder in memory. Kinds of faults change it; a part that is None is not
    written."""

    def __init__(self, folder):
        self.config, self.generation, self.tokenizer_config, self.tokenizer = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in FILES)
        self.template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
        self.added_tokens = None
        # A control token that nothing speaks of.
        self.spare = self.add_token("<|spare_7310|>", special=True)

    def add_token(self, text, special):
        """Its id."""
        new = 1 + max(each["id"] for each in self.tokenizer["added_tokens"])
        new = max(new, len(self.tokenizer["model"]["vocab"]))
        self.tokenizer["added_tokens"].append(
            {"id": new, "content": text, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": special})
        self.config["vocab_size"] = new + 1
        return new

    def token(self, of):
        """The entry of an added token, by its id or its text."""
        for each in self.tokenizer["added_tokens"]:
            if of in (each["id"], each["content"]):
                return each
        return None

    @property
    def ends(self):
        """The declared ends; a list to change."""
        return self.generation["eos_token_id"]

    def rename(self, rng):
        """Gives all markers other names and other ids."""
        added = self.tokenizer["added_tokens"]
        words = {}
        names = {each["content"]: self.new_name(each["content"], words, rng) for each in added}
        old = [each["id"] for each in added]
        vocab = self.tokenizer["model"]["vocab"]
        movable = [each["id"] for each in added if each["content"] not in vocab]
        moved = dict(zip(movable, rng.sample(movable, len(movable))))
        ids = {each: moved.get(each, each) for each in old}
        pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
        swap = lambda text: pattern.sub(lambda match: names[match.group()], text)
        for each in added:
            each["content"], each["id"] = names[each["content"]], ids[each["id"]]
        added.sort(key=lambda each: each["id"])
        self.tokenizer["model"]["vocab"] = {names.get(text, text): id for text, id in vocab.items()}
        self.template = swap(self.template)
        for each in (self.config, self.generation):
            for key, value in each.items():
                if key.endswith("_token_id"):
                    each[key] = ([ids[id] for id in value] if isinstance(value, list)
                                 else ids[value])
        for key, value in self.tokenizer_config.items():
            if isinstance(value, str):
                self.tokenizer_config[key] = names.get(value, value)
        self.spare = ids[self.spare]
        self.names = names

    @staticmethod
    def new_name(text, words, rng):
        """A tag and its end stay a pair: WORDS are those that were given."""
        old = text.replace("/", "", 1)
        if old not in words:
            words[old] = "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou")
                                 for _ in range(4)) + str(len(words))
        return f"<{'/' if '/' in text else ''}{words[old]}>"

    def write(self, folder):
        folder.mkdir()
        for name, value in zip(FILES, (self.config, self.generation, self.tokenizer_config,
                                       self.tokenizer)):
            if value is not None:
                (folder / name).write_text(json.dumps(value, ensure_ascii=False),
                                           encoding="utf-8")
        if self.added_tokens is not None:
            (folder / "added_tokens.json").write_text(json.dumps(self.added_tokens))
        if self.template is not None:
            (folder / "chat_template.jinja").write_text(self.template, encoding="utf-8")
        return folder


class Doctor:
    def __init__(self, program):
        self.program = program

    def __call__(self, model):
        done = subprocess.run([self.program, "doctor", str(model), "--format", "json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode not in (0, 1):
            return [{"rule": "none", "severity": "error", "fix": None,
                     "message": done.stderr.decode()}]
        return json.loads(done.stdout)["targets"][0]["findings"]

    def repair(self, model, patched):
        """What is found in MODEL once it is repaired."""
        subprocess.run([self.program, "doctor", str(model), "--fix", str(patched),
                        "--unsafe-fixes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       check=False)
        whole = patched.with_name(patched.name + "-whole")
        shutil.copytree(model, whole)
        shutil.copytree(patched, whole, dirs_exist_ok=True)
        return self(whole)


def new_findings(found, healthy):
    """FOUND without what the healthy model has as well, in its order."""
    known = collections.Counter((each["rule"], each["severity"]) for each in healthy)
    new = []
    for each in found:
        key = (each["rule"], each["severity"])
        if known[key]:
            known[key] -= 1
        else:
            new.append(each)
    return new


class Tally:
    def __init__(self):
        self.kinds = collections.defaultdict(collections.Counter)

    def add(self, kind, what, good, told=""):
        self.kinds[kind][what] += 1
        self.kinds[kind][what + " good"] += bool(good)
        if not good:
            print(f"  {what}: {kind} {told}")

    def share(self, what, kind=None):
        rows = [self.kinds[kind]] if kind else self.kinds.values()
        all_of = sum(row[what] for row in rows)
        return (sum(row[what + " good"] for row in rows) / all_of if all_of else None), all_of


def can_be_new(kind, healthy):
    """Whether HEALTHY leaves room for a finding that names KIND's cause."""
    if not hasattr(kind, "right"):
        return not set(kind.causes) <= {each["rule"] for each in healthy}
    known = {(each["rule"], each["severity"]) for each in healthy}
    return any((cause, severity) not in known
               for cause in kind.causes for severity in kind.right)


def judge(doctor, place, healthy, model, kinds, family, tally):
    """One case: KINDS were put into MODEL."""
    folder = model.write(pathlib.Path(tempfile.mkdtemp(dir=place)) / "model")
    found = doctor(folder)
    new = new_findings(found, healthy)
    rules = [each["rule"] for each in new]
    told = f"{family} {[kind.__name__ for kind in kinds]}: {rules[:4]}"
    for kind in kinds:
        right = getattr(kind, "right", ("note", "warning", "error"))
        tally.add(kind.__name__, "found",
                  any(each["rule"] in kind.causes and each["severity"] in right
                      for each in new), told)
    if len(kinds) == 1:
        tally.add(kinds[0].__name__, "first", rules[:1] and rules[0] in kinds[0].causes, told)
    harm = {each["rule"] for each in new if each["severity"] != "note" and each["fix"]}
    wanted = {cause for kind in kinds for cause in kind.causes} & harm
    if wanted:
        after = {each["rule"] for each in
                 new_findings(doctor.repair(folder, folder.with_name("patched")), healthy)
                 if each["severity"] != "note"}
        tally.add(kinds[0].__name__, "repaired", not wanted & after, f"{told} left {after}")
    shutil.rmtree(folder.parent)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--templates", type=pathlib.Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="doctor_fault_kinds")
    args = parser.parse_args()
    kinds = importlib.import_module(args.kinds)
    doctor, rng, tally = Doctor(args.program), random.Random(args.seed), Tally()
    base = doctor_models.small_base(args.base)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        for family in FAMILIES:
            model = Model(doctor_models.make(base, args.templates / (family + ".jinja"), place))
            for _ in range(args.rounds):
                renamed = copy.deepcopy(model)
                renamed.rename(rng)
                healthy = doctor(copy.deepcopy(renamed).write(place / "healthy"))
                shutil.rmtree(place / "healthy")
                for number, kind in enumerate(kinds.FAULTS):
                    case = copy.deepcopy(renamed)
                    if not can_be_new(kind, healthy) or not kind(case, rng):
                        continue
                    chosen = [kind]
                    second = rng.choice([
                        each for each in kinds.FAULTS if kinds.independent(kind, each) and
                        can_be_new(each, healthy)])
                    both = copy.deepcopy(case)
                    if number % 3 == 0 and second(both, rng):
                        chosen, case = [kind, second], both
                    judge(doctor, place, healthy, case, chosen, family, tally)
                for kind in kinds.HARMLESS:
                    case = copy.deepcopy(renamed)
                    if not kind(case, rng):
                        continue
                    new = new_findings(doctor(case.write(place / "harmless")), healthy)
                    shutil.rmtree(place / "harmless")
                    tally.add(kind.__name__, "silent",
                              all(each["severity"] == "note" for each in new),
                              f"{family} {[each['rule'] for each in new]}")
    return report(tally)


def report(tally):
    bad = False
    print(f"{'kind':34} {'found':>12} {'first':>12} {'repaired':>12} {'silent':>12}")
    for kind in tally.kinds:
        cells = []
        for what in ("found", "first", "repaired", "silent"):
            share, count = tally.share(what, kind)
            cells.append(f"{round(share * count)}/{count}" if count else "")
            bad |= what == "found" and count > 0 and share < 0.9
        print(f"{kind:34} " + " ".join(f"{cell:>12}" for cell in cells))
    for what, least in (("found", 0.98), ("first", 0.95), ("repaired", 1), ("silent", 1)):
        share, count = tally.share(what)
        if not count:
            continue
        print(f"{what}: {share:.3f} of {count} (at least {least})")
        bad |= share < least
    sys.exit(bad)


if __name__ == "__main__":
    main()
