"""Rows of training data with planted faults and their healthy lookalikes.

    doctor_raw_data.py FULLSTOP DATA --model MODEL.gguf [--rows N] [--seed N]
                       [--misses N] [--keep FILE]

Conversations of the shared sets, joined at random and written in every layout;
one row in a hundred with each kind of fault, and as many lookalikes. Prints
recall and precision of each kind with Wilson's 95 % intervals; exit 1 where one
is below 95 % (with few rows: where its whole interval is).
"""
import argparse
import collections
import copy
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import raw_data_faults as faults
import raw_data_rows as rows
import tokenizers
from raw_data_healthy import HEALTHY

LEAST = 0.95
# Rows of the shared sets that are faulty themselves, as docs/doctor-data.md judges them.
FAULTY = json.loads((pathlib.Path(__file__).parent / "raw_data_judged.json").read_text())


class Limit:
    """A limit in tokens, of a tokenizer that was trained on the rows themselves."""

    def __init__(self, base, tokens):
        self.base, self.tokens = base, tokens
        self.tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        self.tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=3000, show_progress=False,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
        self.tokenizer.train_from_iterator(
            (each["turns"][-1]["text"] for each in base.pairs[::6]), trainer)

    def keeps(self, talk):
        return all(len(self.tokenizer.encode(each["text"])) <= self.tokens
                   for each in talk["turns"])

    def cut(self, rng, talk):
        """An answer that goes on to the limit; other answers make it long enough."""
        last = talk["turns"][-1]
        if last["role"] != "assistant" or not last["text"]:
            return False
        text = last["text"]
        while len(encoded := self.tokenizer.encode(text)) <= self.tokens:
            other = rng.choice(self.base.pairs)
            if other["language"] == rows.language_of(text):
                text += "\n\n" + other["turns"][-1]["text"]
        last["text"] = text[:encoded.offsets[self.tokens - 1][1]]
        return faults.breaks(text, len(last["text"]))


def key(talk):
    flat = lambda text: " ".join(text.split())
    return json.dumps([[each["role"], flat(each["text"]), flat(each["thought"]), each["calls"]]
                       for each in talk["turns"]])


class Plan:
    """Rows as they will stand in the file: (row, kind, rule, rules that may speak too)."""

    def __init__(self, base, rng, count):
        self.base, self.rng, self.seen, self.rows, self.later = base, rng, set(), [], []
        limit = Limit(base, rng.randrange(200, 420))
        base.pairs = [each for each in base.pairs if limit.keeps(each)]
        base.talks = [each for each in base.talks if limit.keeps(each)]
        cut_at_limit = lambda rng, talk: limit.cut(rng, talk)
        cut_at_limit.__name__ = "cut_at_limit"
        kinds = {**faults.FAULTS, cut_at_limit: ("DAT027", set())}
        each = max(1, count // 100)
        for change, (rule, beside) in kinds.items():
            for _ in range(each):
                self.plant(change, rule, beside)
        for _ in range(each):
            self.repeat()
        lookalikes = (len(kinds) + 1) * each
        for at in range(lookalikes):
            self.add(lambda: HEALTHY[at % len(HEALTHY)](rng), "lookalike: " +
                     HEALTHY[at % len(HEALTHY)].__name__)
        while len(self.rows) + len(self.later) < count:
            self.add(lambda: base.draw(rng), "shared")
        self.shuffle()

    def new(self, talk):
        if key(talk) in self.seen:
            return False
        self.seen.add(key(talk))
        return True

    def add(self, draw, kind):
        for _ in range(1000):
            talk = draw()
            if self.new(talk):
                break
        else:
            return self.add(lambda: self.base.draw(self.rng), "shared")
        row, layout = rows.written(talk, self.rng)
        self.rows.append([row, kind, None, frozenset()])
        return talk, layout

    def plant(self, change, rule, beside):
        while True:
            talk = self.base.draw(self.rng)
            if change(self.rng, talk) and self.new(talk):
                break
        row, _ = self.odd_roles(talk) if rule == "DAT021" else rows.written(talk, self.rng)
        self.rows.append([row, change.__name__, rule, beside])

    def odd_roles(self, talk):
        layouts = [rows.as_sharegpt, rows.as_messages, rows.as_typed]
        layout = self.rng.choice(layouts)
        return layout(talk, self.rng), layout

    def repeat(self):
        """A conversation that stands there once more, often in another layout."""
        draw = lambda: self.base.draw(self.rng)
        talk, layout = self.add(draw, "shared")
        first = self.rows[-1][0]
        again, copied = self.rng.random() < 0.4, copy.deepcopy(talk)
        if self.rng.random() < 0.3:
            for each in copied["turns"]:
                each["text"], each["parts"] = each["text"] + self.rng.choice([" ", "\n"]), None
        row = first if again else rows.written(copied, self.rng, layout)[0]
        self.later.append((self.rows[-1], [row, "repeated", "DAT034", frozenset()]))

    def shuffle(self):
        self.rng.shuffle(self.rows)
        for first, repeated in self.later:
            low = next(at for at, row in enumerate(self.rows) if row is first)
            self.rows.insert(self.rng.randrange(low + 1, len(self.rows) + 1), repeated)


def wilson(good, all_of):
    if all_of == 0:
        return 0.0, 1.0
    share, z = good / all_of, 1.96
    middle = share + z * z / (2 * all_of)
    spread = z * math.sqrt(share * (1 - share) / all_of + (z / (2 * all_of)) ** 2)
    size = 1 + z * z / all_of
    return (middle - spread) / size, (middle + spread) / size


# The rules that are planted; a template that takes no calls is another matter.
RULES = "DAT02,DAT030,DAT031,DAT032,DAT033,DAT034"


def write(plan, file, low=0, high=None):
    file.write_text("".join(json.dumps(row[0], ensure_ascii=False) + "\n"
                            for row in plan.rows[low:high]), encoding="utf-8")


def told_of_all(args, plan, place):
    """Rules by line. A note rejects no row: there its places are read, of which 20 are told."""
    file, rejects = place / "rows.jsonl", place / "rejects.jsonl"
    found = collections.defaultdict(set)
    for low in range(0, len(plan.rows), 200):
        write(plan, file, low, low + 200)
        done = subprocess.run([args.program, "doctor", "--data", str(file), "--select", "DAT026",
                               "--format", "json"], stdout=subprocess.PIPE, check=True)
        for finding in json.loads(done.stdout)["targets"][0]["findings"]:
            assert int(finding["message"].split()[0]) == len(finding["evidence"])
            for each in finding["evidence"]:
                found[low + each["line"]].add("DAT026")
    write(plan, file)
    subprocess.run([args.program, "data", "check", args.model, str(file), "--select", RULES,
                    "--rejects", str(rejects), "--exit-zero"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True)
    for line in rejects.read_bytes().split(b"\n")[:-1]:
        row = json.loads(line)
        found[row["line"]].update(each["rule"] for each in row["reasons"])
    return found


def judged(plan, found):
    """Counts by kind and by rule, and what was judged wrongly."""
    kinds, rules, wrong = collections.OrderedDict(), collections.defaultdict(lambda: [0, 0]), []
    for at, (row, kind, rule, beside) in enumerate(plan.rows, start=1):
        told_of = found.get(at, set())
        if rule:
            count = kinds.setdefault((rule, kind), [0, 0])
            count[1] += 1
            count[0] += rule in told_of
            if rule not in told_of:
                wrong.append((f"missed {rule}", kind, row))
        for each in told_of - beside:
            rules[each][1] += 1
            rules[each][0] += each == rule
            if each != rule:
                wrong.append((f"false {each}", kind, row))
    return kinds, rules, wrong


def shown(good, all_of):
    low, high = wilson(good, all_of)
    share = good / all_of if all_of else 0
    return f"{good:5}/{all_of:<5} {share:6.1%} [{low:6.1%}, {high:6.1%}]"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=0, help="how many to print of each kind")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the rows")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    base = rows.Base(args.data / "datasets", {(file, number) for file, lines in FAULTY.items()
                                              for number in lines})
    plan = Plan(base, rng, args.rows)
    with tempfile.TemporaryDirectory() as place:
        found = told_of_all(args, plan, args.keep or pathlib.Path(place))
    kinds, rules, wrong = judged(plan, found)
    bad = 0
    weak = lambda good, all_of: (good < LEAST * all_of if args.rows >= 10000 else
                                 wilson(good, all_of)[1] < LEAST)
    print(f"{len(plan.rows)} rows, seed {args.seed}\nrecall of each kind")
    for (rule, kind), count in sorted(kinds.items()):
        bad += weak(*count)
        print(f"{rule} {kind:18} {shown(*count)}")
    print("precision of each rule")
    for rule, count in sorted(rules.items()):
        bad += weak(*count)
        print(f"{rule} {'':18} {shown(*count)}")
    for name, counts in (("recall", kinds.values()), ("precision", rules.values())):
        good, all_of = (sum(each[at] for each in counts) for at in (0, 1))
        bad += weak(good, all_of)
        print(f"all: {name:18} {shown(good, all_of)}")
    count = collections.Counter()
    for what, kind, row in wrong:
        count[what, kind] += 1
        if count[what, kind] <= args.misses:
            print(f"{what}: {kind}: {json.dumps(row, ensure_ascii=False)}")
    if wrong:
        print(", ".join(f"{what} on {kind}: {times}" for (what, kind), times in
                        sorted(count.items())))
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
