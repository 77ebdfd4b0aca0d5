"""What ggufdoctor and c4nary find in the models that the doctor is tried on.

    doctor_peers.py FULLSTOP --templates FOLDER --base MODEL.gguf --peers BIN
        [--gguf FILE...]

Neither reads a folder alone: beside each lies the GGUF file that the gguf package's
SpecialVocab makes of it, with one small layer; c4nary takes the folder for the
file's bundle. Every kind of fault is tried in the first two families that it can be
put into, under the markers' own names, and so are the kinds below, of files that a
conversion has changed. Printed is what each program finds that it does not find in
the healthy model; of healthy ones and of --gguf all that is worse than a remark.
BIN holds both programs.
"""
import argparse
import collections
import copy
import json
import pathlib
import random
import subprocess
import tempfile

import gguf
import numpy as np

import doctor_fault_kinds
import doctor_fault_kinds_blind
import doctor_faults
import doctor_models

# The families that most kinds can be put into come first.
FAMILIES = sorted(doctor_faults.FAMILIES, key=lambda name: not name.startswith(("Qwen", "meta")))
REMARKS = ("note", "info", "INFO")
EMBEDDING, FEED_FORWARD, HEADS = 32, 64, 4


class File:
    """What the GGUF file of a folder says; kinds of faults change it."""

    def __init__(self, rows):
        self.rows = rows
        self.kinds = 0
        self.numbers = {"block_count": 1, "embedding_length": EMBEDDING,
                        "feed_forward_length": FEED_FORWARD, "head_count": HEADS}
        self.template = None


def table(tokenizer):
    added = {each["id"]: each for each in tokenizer["added_tokens"]}
    texts = {id: text for text, id in tokenizer["model"]["vocab"].items()}
    texts.update({id: each["content"] for id, each in added.items()})
    size = 1 + max(texts)
    kinds = []
    for id in range(size):
        kind = gguf.TokenType.NORMAL if id in texts else gguf.TokenType.UNUSED
        if id in added:
            kind = (gguf.TokenType.CONTROL if added[id]["special"]
                    else gguf.TokenType.USER_DEFINED)
        kinds.append(kind)
    return [texts.get(id, f"[PAD{id}]") for id in range(size)], kinds


def write_gguf(folder, tokenizer, change):
    tokens, kinds = table(tokenizer)
    file = File(len(tokens))
    change(file)
    path = folder / "model.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds[:len(kinds) - file.kinds])
    vocabulary = gguf.SpecialVocab(folder, load_merges=True, n_vocab=len(tokens))
    if file.template:
        vocabulary.chat_template = file.template(vocabulary.chat_template)
    vocabulary.add_to_gguf(writer, quiet=True)
    writer.add_context_length(2048)
    writer.add_block_count(file.numbers["block_count"])
    writer.add_embedding_length(file.numbers["embedding_length"])
    writer.add_feed_forward_length(file.numbers["feed_forward_length"])
    writer.add_head_count(file.numbers["head_count"])
    writer.add_layer_norm_rms_eps(1e-5)
    square, wide = (EMBEDDING, EMBEDDING), (FEED_FORWARD, EMBEDDING)
    shapes = {"token_embd": (file.rows, EMBEDDING), "output_norm": (EMBEDDING,)}
    layer = {"attn_norm": (EMBEDDING,), "ffn_norm": (EMBEDDING,), "attn_q": square,
             "attn_k": square, "attn_v": square, "attn_output": square, "ffn_gate": wide,
             "ffn_up": wide, "ffn_down": wide[::-1]}
    shapes.update({f"blk.0.{name}": shape for name, shape in layer.items()})
    rng = np.random.default_rng(1)
    for name, shape in shapes.items():
        writer.add_tensor(name + ".weight", rng.standard_normal(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


# --- kinds that the peers name, and the two modules do not ---------------------

def a_marker_is_missing(model, rng):
    """The table lost a token that the template writes and that is no end."""
    for token in model.tokenizer["added_tokens"]:
        text = token["content"]
        if (token["id"] not in model.ends and text in model.template and text.startswith("<|")
                and text not in model.tokenizer["model"]["vocab"]):
            token["content"] = f"<|unused_{token['id']}|>"
            return True
    return False


def an_empty_rendering(model, rng):
    model.template = "{%- for message in messages %}{%- endfor %}"
    return True


def the_end_is_a_bad_word(model, rng):
    model.generation["bad_words_ids"] = [[model.ends[0]]]
    return True


def no_token_twice(model, rng):
    model.generation["no_repeat_ngram_size"] = 1
    return True


def eos_is_added_without_an_id(model, rng):
    model.tokenizer_config["add_eos_token"] = True
    return doctor_fault_kinds.no_end_is_declared(model, rng)


FOLDER_KINDS = (doctor_fault_kinds.FAULTS + doctor_fault_kinds_blind.FAULTS +
                [a_marker_is_missing, an_empty_rendering, the_end_is_a_bad_word,
                 no_token_twice, eos_is_added_without_an_id])


def another_template(file):
    file.template = lambda text: text.replace("add_generation_prompt", "true")


def fewer_rows(file):
    file.rows -= 3


def fewer_kinds(file):
    file.kinds = 3


def of_number(name, value):
    def change(file):
        file.numbers[name] = value
    change.__name__ = "another_" + name
    return change


FILE_KINDS = [another_template, fewer_rows, fewer_kinds, of_number("block_count", 2),
              of_number("embedding_length", 64), of_number("feed_forward_length", 96),
              of_number("head_count", 5)]


# --- the programs --------------------------------------------------------------

class Programs:
    def __init__(self, fullstop, peers):
        self.fullstop, self.peers = fullstop, peers

    def doctor(self, *target):
        done = subprocess.run([self.fullstop, "doctor", *map(str, target), "--format", "json"],
                              capture_output=True, check=False)
        if done.returncode not in (0, 1):
            return [("refused", "error", done.stderr.decode().strip()[-300:])]
        return [(each["rule"], each["severity"], each["message"])
                for each in json.loads(done.stdout)["targets"][0]["findings"]]

    def ggufdoctor(self, file):
        report = file.with_name("ggufdoctor.json")
        done = subprocess.run([self.peers / "ggufdoctor", file, "--json", report, "--fail-on",
                               "never"], capture_output=True, check=False)
        if done.returncode != 0:
            return [("refused", "error", done.stderr.decode().strip()[-300:])]
        found = json.loads(report.read_text(encoding="utf-8"))["findings"]
        report.unlink()
        return [(each["id"], each["severity"], each["message"]) for each in found]

    def c4nary(self, file):
        done = subprocess.run([self.peers / "canary", "scan", file, "--json", "--bundle",
                               "--deep-tokenizer", "--fail-on", "none"], capture_output=True,
                              check=False)
        if done.returncode != 0:
            return [("refused", "error", done.stderr.decode().strip()[-300:])]
        return [(each["rule_id"], each["severity"], each["detail"])
                for each in json.loads(done.stdout)["findings"]]

    def all(self, folder, file):
        return {"folder": self.doctor(folder), "file": self.doctor(file, "--against", folder),
                "ggufdoctor": self.ggufdoctor(file), "c4nary": self.c4nary(file)}


def beyond(found, healthy):
    known = collections.Counter(each[:2] for each in healthy)
    new = []
    for each in found:
        if known[each[:2]]:
            known[each[:2]] -= 1
        else:
            new.append(each)
    return new


def tell(name, found):
    print(json.dumps({"case": name, **found}, ensure_ascii=False), flush=True)


class Run:
    def __init__(self, programs, base, templates, place):
        self.programs, self.place = programs, place
        self.base, self.templates = base, templates
        self.models, self.healthy = {}, {}

    def find(self, model, change=lambda file: None):
        folder = model.write(pathlib.Path(tempfile.mkdtemp(dir=self.place)) / "model")
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        return self.programs.all(folder, write_gguf(folder, tokenizer, change))

    def model(self, family):
        if family not in self.models:
            template = self.templates / (family + ".jinja")
            model = doctor_faults.Model(doctor_models.make(self.base, template, self.place))
            model.names = {each["content"]: each["content"]
                           for each in model.tokenizer["added_tokens"]}
            self.models[family] = model
            self.healthy[family] = self.find(copy.deepcopy(model))
            tell(f"healthy {family}", {
                who: [each for each in found if each[1] not in REMARKS]
                for who, found in self.healthy[family].items()})
        return self.models[family]

    def new(self, family, found):
        return {who: beyond(each, self.healthy[family][who]) for who, each in found.items()}

    def try_kind(self, kind):
        tried = 0
        for family in FAMILIES:
            case = copy.deepcopy(self.model(family))
            if tried == 2 or not kind(case, random.Random(1)):
                continue
            tried += 1
            tell(f"{kind.__name__} {family}", self.new(family, self.find(case)))

    def try_file_kind(self, kind):
        for family in FAMILIES[:2]:
            found = self.find(copy.deepcopy(self.model(family)), kind)
            tell(f"{kind.__name__} {family}", self.new(family, found))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--templates", type=pathlib.Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--gguf", type=pathlib.Path, nargs="*", default=[])
    args = parser.parse_args()
    programs = Programs(args.program, args.peers)
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        run = Run(programs, doctor_models.small_base(args.base), args.templates, place)
        for template in sorted(args.templates.glob("*.jinja")):
            run.model(template.stem)
        for kind in FOLDER_KINDS:
            run.try_kind(kind)
        for kind in FILE_KINDS:
            run.try_file_kind(kind)
        for file in args.gguf:
            link = place / file.name
            link.symlink_to(file)
            tell(file.name, {"file": programs.doctor(link),
                             "ggufdoctor": programs.ggufdoctor(link),
                             "c4nary": programs.c4nary(link)})


if __name__ == "__main__":
    main()
