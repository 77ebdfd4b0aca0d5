"""Adapters and trained models with one fault, and their healthy twins.

    doctor_adapters.py FULLSTOP [--rounds N] [--seed N]

A tiny Llama is made as a base, with random names and ids of its markers, and
PEFT folders and full checkpoints are made of it, by numpy and by hand. Of each
fault the rule that the injector names has to be the first of what the healthy
twin does not have; the twin has nothing at warning or above. Nothing of the
doctor's is used.
"""
import argparse
import collections
import copy
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy as np

LETTERS = [chr(c) for c in range(97, 123)] + ["\u0120"]
RESERVED, PADDING = 6, 9
PREFIX = "base_model.model."


def save(path, tensors):
    """A safetensors file of float32 arrays."""
    header, data = {}, b""
    for name, array in tensors.items():
        part = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def template(end):
    return ("{{ bos_token }}{% for m in messages %}{{ m.role }} {{ m.content }}" + end +
            "{% endfor %}{% if add_generation_prompt %}assistant {% endif %}")


class Model:
    """A folder in memory: a base, or what was trained of one."""

    def __init__(self, rng, tied, chat, hidden=32, layers=2):
        """CHAT: a base that was trained to chat, its end's row included."""
        self.numbers = np.random.default_rng(rng.randrange(2**32))
        self.hidden, self.layers = hidden, layers
        word = lambda: "".join(rng.choice("bcdfghklmnprstvz") + rng.choice("aeiou")
                               for _ in range(3))
        self.bos, self.eos, self.end = (f"<{word()}{i}>" for i in range(3))
        stem = word()
        specials = ["<unk>", self.bos, self.eos, self.end]
        specials += [f"<{stem}_{i}>" for i in range(RESERVED)]
        rest = specials[1:]
        rng.shuffle(rest)
        self.specials = specials[:1] + rest
        self.template = template(self.end) if chat else None
        self.vocab = self.specials + LETTERS
        rows = len(self.vocab) + PADDING
        self.config = {"model_type": "llama", "vocab_size": rows, "hidden_size": hidden,
                       "intermediate_size": 64, "num_hidden_layers": layers,
                       "num_attention_heads": 4, "num_key_value_heads": 2,
                       "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
                       "rope_theta": 10000.0, "tie_word_embeddings": tied,
                       "bos_token_id": self.id(self.bos), "eos_token_id": self.id(self.eos)}
        ends = [self.eos] + ([self.end] if chat else [])
        self.generation = {"eos_token_id": [self.id(each) for each in ends]}
        unused = [i for i, text in enumerate(self.vocab) if stem + "_" in text]
        unused += range(len(self.vocab), rows)
        self.unused = unused + ([] if chat else [self.id(self.end)])
        self.tensors = {"model.embed_tokens.weight": self.matrix(rows)}
        for i in range(layers):
            for name, shape in (("input_layernorm", [hidden]), ("self_attn.q_proj", [hidden, hidden]),
                                ("self_attn.k_proj", [hidden // 2, hidden]),
                                ("self_attn.v_proj", [hidden // 2, hidden]),
                                ("self_attn.o_proj", [hidden, hidden]),
                                ("post_attention_layernorm", [hidden]),
                                ("mlp.gate_proj", [64, hidden]), ("mlp.up_proj", [64, hidden]),
                                ("mlp.down_proj", [hidden, 64])):
                self.tensors[f"model.layers.{i}.{name}.weight"] = self.random(*shape)
        self.tensors["model.norm.weight"] = self.random(hidden)
        if not tied:
            self.tensors["lm_head.weight"] = self.matrix(rows)

    def id(self, text):
        return self.vocab.index(text)

    def random(self, *shape):
        return self.numbers.normal(0, 0.3, shape)

    def matrix(self, rows):
        """Rows of tokens: unused ones lie close together."""
        matrix = self.random(rows, self.hidden)
        middle = self.numbers.normal(0, 0.05, self.hidden)
        for i in self.unused:
            matrix[i] = middle + self.numbers.normal(0, 0.01, self.hidden)
        return matrix

    def add_token(self, text):
        """Its id; the rows stay as they are."""
        self.vocab.append(text)
        self.specials.append(text)
        return len(self.vocab) - 1

    def tokenizer(self):
        bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                  "use_regex": False}
        vocab = {text: i for i, text in enumerate(self.vocab)}
        return {"version": "1.0", "normalizer": None,
                "added_tokens": [{"id": vocab[text], "content": text, "single_word": False,
                                  "lstrip": False, "rstrip": False, "normalized": False,
                                  "special": True} for text in self.specials],
                "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": r"\p{L}+| ?[^\s\p{L}]+|\s+"},
                     "behavior": "Isolated", "invert": False}, bytes_]},
                "post_processor": bytes_, "decoder": bytes_,
                "model": {"type": "BPE", "vocab": vocab, "merges": []}}

    def write_tokenizer(self, folder):
        named = {"bos_token": self.bos, "eos_token": self.eos}
        if self.template:
            (folder / "chat_template.jinja").write_text(self.template)
        for file, value in (("tokenizer.json", self.tokenizer()),
                            ("tokenizer_config.json", named)):
            (folder / file).write_text(json.dumps(value))

    def write(self, folder):
        folder.mkdir()
        self.write_tokenizer(folder)
        for file, value in (("config.json", self.config),
                            ("generation_config.json", self.generation)):
            (folder / file).write_text(json.dumps(value))
        save(folder / "model.safetensors", self.tensors)
        return folder


class Adapter:
    """A PEFT folder in memory; MODEL holds its tokenizer, its base the rest."""

    def __init__(self, base, rank=4):
        self.base, self.model = base, copy.deepcopy(base)
        self.brings_tokenizer = False
        self.generation = None
        self.config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank,
                       "lora_alpha": 8, "base_model_name_or_path": "tests/tiny",
                       "target_modules": ["q_proj", "v_proj"], "modules_to_save": None,
                       "bias": "none", "inference_mode": True}
        self.tensors = {}
        for i in range(base.layers):
            for module in ("q_proj", "v_proj"):
                self.low_rank(f"model.layers.{i}.self_attn.{module}", rank)

    def low_rank(self, module, rank):
        rows, columns = self.base.tensors[module + ".weight"].shape
        self.tensors[f"{PREFIX}{module}.lora_A.weight"] = self.base.random(rank, columns)
        self.tensors[f"{PREFIX}{module}.lora_B.weight"] = self.base.random(rows, rank)

    def chat(self, end):
        """Brings a template that ends turns with END, and declares it."""
        self.brings_tokenizer = True
        self.model.template = template(end)
        self.generation = {"eos_token_id": [self.model.id(self.base.eos), self.model.id(end)]}

    def matrix(self, module, rows=None):
        """The base's, with ROWS more or less."""
        name = module + ".weight"
        other = "model.embed_tokens.weight"
        matrix = self.base.tensors.get(name, self.base.tensors[other]).copy()
        rows = rows or len(matrix)
        more = self.base.random(max(0, rows - len(matrix)), matrix.shape[1])
        return np.concatenate([matrix[:rows], more])

    def keep(self, embedding=None, head=None):
        """modules_to_save."""
        kept = [("model.embed_tokens", "embed_tokens", embedding), ("lm_head", "lm_head", head)]
        self.config["modules_to_save"] = [name for _, name, m in kept if m is not None]
        for module, _, matrix in kept:
            if matrix is not None:
                self.tensors[f"{PREFIX}{module}.weight"] = matrix

    def write(self, folder):
        folder.mkdir()
        if self.brings_tokenizer:
            self.model.write_tokenizer(folder)
        if self.generation:
            (folder / "generation_config.json").write_text(json.dumps(self.generation))
        (folder / "adapter_config.json").write_text(json.dumps(self.config))
        save(folder / "adapter_model.safetensors", self.tensors)
        return folder


# Healthy ones ------------------------------------------------------------


def base_of(rng, tied=None, chat=True, **size):
    return Model(rng, rng.random() < 0.5 if tied is None else tied, chat, **size)


def attention(rng):
    """Low-rank changes of attention over a model that chats."""
    return Adapter(base_of(rng))


def with_tokenizer(rng):
    adapter = Adapter(base_of(rng))
    adapter.brings_tokenizer = True
    return adapter


def head_saved(rng, tied=False):
    """A base that never chatted; head and embedding are trained with it."""
    adapter = Adapter(base_of(rng, tied=tied, chat=False))
    adapter.chat(adapter.base.end)
    end = adapter.base.id(adapter.base.end)
    embedding, head = adapter.matrix("model.embed_tokens"), adapter.matrix("lm_head")
    for matrix in (embedding, head):
        matrix += adapter.base.numbers.normal(0, 0.01, matrix.shape)
        matrix[end] = adapter.base.random(adapter.base.hidden)
    adapter.keep(embedding, embedding if tied else head)
    return adapter


def token_trained(rng):
    """The end's row alone, over a tied base."""
    adapter = Adapter(base_of(rng, tied=True, chat=False))
    adapter.chat(adapter.base.end)
    adapter.config["trainable_token_indices"] = [adapter.base.id(adapter.base.end)]
    adapter.tensors[PREFIX + "model.embed_tokens.token_adapter.trainable_tokens_delta"] = (
        adapter.base.random(1, adapter.base.hidden))
    return adapter


def new_tokens(rng, new=3):
    """New tokens behind the base's rows, one of them ends turns."""
    adapter = Adapter(base_of(rng, tied=False, chat=False))
    while len(adapter.model.vocab) < adapter.base.config["vocab_size"]:
        adapter.model.add_token(f"<filler{len(adapter.model.vocab)}>")
    ids = [adapter.model.add_token(f"<new{i}{rng.randrange(99)}>") for i in range(new)]
    adapter.chat(adapter.model.vocab[ids[0]])
    rows = len(adapter.model.vocab)
    matrices = [adapter.matrix(module, rows) for module in ("model.embed_tokens", "lm_head")]
    for matrix in matrices:
        matrix += adapter.base.numbers.normal(0, 0.01, matrix.shape)
    adapter.new = ids
    adapter.keep(*matrices)
    return adapter


def odd_but_right(rng):
    """Ranks by module, a pattern, magnitudes, a chat of the base's own."""
    adapter = Adapter(base_of(rng))
    adapter.config.update(target_modules=r".*\.(q_proj|v_proj)", rank_pattern={"k_proj": 2},
                          use_dora=True, trainable_token_indices=None, exclude_modules=[])
    for i in range(adapter.base.layers):
        adapter.low_rank(f"model.layers.{i}.self_attn.k_proj", 2)
        adapter.tensors[f"{PREFIX}model.layers.{i}.self_attn.q_proj.lora_magnitude_vector"] = (
            adapter.base.random(adapter.base.hidden))
    return adapter


def merged(rng, tied=None):
    """A full checkpoint of a base that chats."""
    model = base_of(rng, tied=tied)
    trained = copy.deepcopy(model)
    for matrix in trained.tensors.values():
        matrix += model.numbers.normal(0, 0.01, matrix.shape)
    trained.base = model
    return trained


def merged_to_chat(rng):
    """A full checkpoint of a base that did not."""
    model = base_of(rng, chat=False, tied=False)
    trained = copy.deepcopy(model)
    end = trained.id(trained.end)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        trained.tensors[name] += model.numbers.normal(0, 0.01, trained.tensors[name].shape)
        trained.tensors[name][end] = model.random(model.hidden)
    trained.template = template(trained.end)
    trained.generation = {"eos_token_id": [trained.id(trained.eos), end]}
    trained.base = model
    return trained


HEALTHY = [attention, with_tokenizer, head_saved, token_trained, new_tokens, odd_but_right,
           merged, merged_to_chat, lambda rng: head_saved(rng, tied=True)]


# Faults: each takes a healthy one and says which rule has to be first --------


def other_size(a, rng):
    a.base = Model(rng, a.base.config["tie_word_embeddings"], True, hidden=64)
    return "ADP001"


def more_layers(a, rng):
    for part, shape in (("A", (4, 32)), ("B", (32, 4))):
        a.tensors[f"{PREFIX}model.layers.7.self_attn.q_proj.lora_{part}.weight"] = (
            a.base.random(*shape))
    return "ADP001"


def rank_zero(a, rng):
    a.config["r"] = rng.choice([0, -8])
    return "ADP002"


def other_rank(a, rng):
    a.config["r"] = 64
    return "ADP002"


def lost_factor(a, rng):
    del a.tensors[rng.choice([name for name in a.tensors if "lora_B" in name])]
    return "ADP002"


def not_gathered(a, rng):
    name = PREFIX + "lm_head.weight"
    a.tensors[name] = np.zeros((0,))
    return "ADP002"


def misspelt_module(a, rng):
    a.config["target_modules"] = ["q_proj", "v_proj", "query_key_value"]
    return "ADP003"


def lost_head(a, rng):
    for name in ("model.embed_tokens", "lm_head"):
        del a.tensors[f"{PREFIX}{name}.weight"]
    return "ADP003"


def nothing_saved(a, rng):
    a.tensors = {}
    return "ADP003"


def token_outside(a, rng):
    a.config["trainable_token_indices"] = [rng.choice([-1, 5000])]
    return "ADP004"


def tokens_miscounted(a, rng):
    a.config["trainable_token_indices"] = a.config["trainable_token_indices"] + [5, 6]
    return "ADP004"


def rows_lost(a, rng):
    """The tokenizer has tokens, the last an end, that no row stands for."""
    a.config["modules_to_save"] = None
    for name in ("model.embed_tokens", "lm_head"):
        del a.tensors[f"{PREFIX}{name}.weight"]
    return "ADP005"


def head_not_resized(a, rng):
    name = PREFIX + "lm_head.weight"
    a.tensors[name] = a.tensors[name][:a.base.config["vocab_size"]]
    return "ADP005"


def size_not_declared(a, rng):
    matrix = a.tensors["model.embed_tokens.weight"]
    a.config["vocab_size"] = len(matrix) - PADDING
    return "ADP005"


def head_alone(a, rng):
    del a.tensors[PREFIX + "model.embed_tokens.weight"]
    a.config["modules_to_save"] = ["lm_head"]
    return "ADP006"


def embedding_alone(a, rng):
    del a.tensors[PREFIX + "lm_head.weight"]
    a.config["modules_to_save"] = ["embed_tokens"]
    return "ADP006"


def both_apart(a, rng):
    name = PREFIX + "lm_head.weight"
    a.tensors[name] = a.tensors[name] + a.base.numbers.normal(0, 0.01, a.tensors[name].shape)
    return "ADP006"


def split(a, rng):
    """A checkpoint that says tied and has two."""
    a.tensors["lm_head.weight"] = a.random(*a.tensors["model.embed_tokens.weight"].shape)
    return "ADP006"


def head_dropped(a, rng):
    del a.tensors["lm_head.weight"]
    return "ADP006"


def out_of_reach(a, rng):
    a.config["modules_to_save"] = None
    for name in ("model.embed_tokens", "lm_head"):
        del a.tensors[f"{PREFIX}{name}.weight"]
    return "ADP007"


def other_token_trained(a, rng):
    a.config["trainable_token_indices"] = [a.base.id("<unk>")]
    return "ADP007"


def end_unchanged(a, rng):
    end = a.base.id(a.base.end)
    a.tensors[PREFIX + "lm_head.weight"][end] = a.base.tensors["lm_head.weight"][end]
    return "ADP007"


def checkpoint_end_unchanged(a, rng):
    end = a.id(a.end)
    a.tensors["lm_head.weight"][end] = a.base.tensors["lm_head.weight"][end]
    return "ADP007"


def each_matrix(a):
    for module in ("model.embed_tokens", "lm_head"):
        yield a.tensors[f"{PREFIX}{module}.weight"], a.base.tensors[module + ".weight"]


def new_at_the_mean(a, rng):
    for matrix, base in each_matrix(a):
        noise = a.base.numbers.normal(0, 1e-5, (len(a.new), a.base.hidden))
        matrix[a.new] = base.mean(axis=0) + noise
    return "ADP008"


def new_alike(a, rng):
    for matrix, _ in each_matrix(a):
        matrix[a.new] = a.base.random(a.base.hidden)
    return "ADP008"


def new_zero(a, rng):
    for matrix, _ in each_matrix(a):
        matrix[a.new] = 0
    return "ADP008"


def tail_hit(a, rng):
    """New tokens in a padded matrix; the initialisation took its last rows."""
    size = a.base.config["vocab_size"]
    a.model.vocab = list(a.base.vocab)
    a.model.specials = list(a.base.specials)
    a.new = [a.model.add_token(f"<tail{i}>") for i in range(3)]
    a.chat(a.model.vocab[a.new[0]])
    matrices = [a.matrix(module) for module in ("model.embed_tokens", "lm_head")]
    for matrix in matrices:
        matrix[:len(a.base.vocab)] += 0.01
        matrix[size - 3:] = a.base.random(3, a.base.hidden)
    a.keep(*matrices)
    return {"ADP007", "ADP008"}


def ballast(a, rng):
    a.keep(a.matrix("model.embed_tokens"), a.matrix("lm_head"))
    return "ADP009"


def other_end(a, rng):
    """Another token that the base knows; the embedding is no matter."""
    a.chat(a.base.eos)
    return "ADP010"


def other_texts(a, rng):
    vocab = a.model.vocab
    ordinary = [i for i, text in enumerate(vocab) if text in LETTERS]
    shuffled = [vocab[i] for i in ordinary]
    rng.shuffle(shuffled)
    for i, text in zip(ordinary, shuffled):
        vocab[i] = text
    return "ADP011"


def stale_ends(a, rng):
    """GEN001 says what is so, ADP012 where it comes from."""
    a.generation = copy.deepcopy(a.base.generation)
    return "GEN001", "ADP012"


def stale_base_ends(a, rng):
    a.generation = None
    return "GEN001", "ADP012"


FAULTS = [(other_size, attention), (more_layers, attention), (rank_zero, attention),
          (other_rank, attention), (lost_factor, attention), (not_gathered, head_saved),
          (misspelt_module, attention), (lost_head, head_saved), (nothing_saved, attention),
          (token_outside, token_trained), (tokens_miscounted, token_trained),
          (rows_lost, new_tokens), (head_not_resized, new_tokens),
          (size_not_declared, merged), (head_alone, HEALTHY[-1]),
          (embedding_alone, HEALTHY[-1]), (both_apart, HEALTHY[-1]),
          (split, lambda rng: merged(rng, tied=True)),
          (head_dropped, lambda rng: merged(rng, tied=False)),
          (out_of_reach, head_saved), (other_token_trained, token_trained),
          (end_unchanged, head_saved), (checkpoint_end_unchanged, merged_to_chat),
          (new_at_the_mean, new_tokens), (new_alike, new_tokens), (new_zero, new_tokens),
          (tail_hit, new_tokens), (ballast, attention), (other_end, with_tokenizer),
          (other_texts, with_tokenizer), (stale_ends, merged_to_chat),
          (stale_base_ends, head_saved)]

# How severe the first finding is, where it is no warning.
SEVERITIES = {"misspelt_module": "note", "ballast": "note", "rows_lost": "error",
              "head_not_resized": "error", "stale_ends": "error", "stale_base_ends": "error"}


class Oracle:
    def __init__(self, program, place):
        self.program, self.place, self.count = program, place, 0
        self.failed = collections.Counter()

    def __call__(self, case, gguf=False, weights=True):
        """What the doctor finds in CASE beside its base."""
        folder = self.place / str(self.count)
        self.count += 1
        folder.mkdir()
        base = case.base.write(folder / "base")
        if gguf:
            subprocess.run([self.program, "convert", str(base), "-o", str(folder / "base.gguf")],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            base = folder / "base.gguf"
        target = case.write(folder / "target")
        done = subprocess.run([self.program, "doctor", str(target), "--base", str(base),
                               "--format", "json"] + ([] if weights else ["--no-weights"]),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        shutil.rmtree(folder)
        if done.returncode not in (0, 1):
            return [{"rule": "none", "severity": "error", "message": done.stderr.decode()}]
        return json.loads(done.stdout)["targets"][0]["findings"]

    def check(self, kind, good, told):
        self.failed[kind] += not good
        if not good:
            print(f"  {kind}: {told}")


def new_findings(found, healthy):
    """FOUND without what the healthy one has as well, in its order."""
    known = collections.Counter((each["rule"], each["severity"]) for each in healthy)
    new = []
    for each in found:
        key = each["rule"], each["severity"]
        if known[key]:
            known[key] -= 1
        else:
            new.append(each)
    return new


def shown(found):
    return [f"{each['severity']} {each['rule']}: {each['message']}" for each in found]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    faults = healthy = 0
    with tempfile.TemporaryDirectory() as place:
        oracle = Oracle(arguments.program, pathlib.Path(place))
        for seed in range(arguments.seed, arguments.seed + arguments.rounds):
            for i, make in enumerate(HEALTHY):
                for gguf in (False, True):
                    found = oracle(make(random.Random(seed)), gguf)
                    loud = [each for each in found if each["severity"] != "note"]
                    oracle.check(f"healthy {i}", not loud, shown(loud))
                    healthy += 1
            for fault, make in FAULTS:
                case = make(random.Random(seed))
                before = oracle(case)
                case = make(random.Random(seed))
                rules = fault(case, random.Random(seed))
                new = new_findings(oracle(case), before)
                found = [each["rule"] for each in new]
                if isinstance(rules, tuple):  # the first, and others behind it
                    good = found[:1] == [rules[0]] and set(rules) <= set(found)
                else:
                    first = rules if isinstance(rules, set) else {rules}
                    good = bool(found) and found[0] in first and first <= set(found)
                severity = SEVERITIES.get(fault.__name__, "warning")
                good = good and new[0]["severity"] == severity
                oracle.check(fault.__name__, good, shown(new))
                faults += 1
    failed = sum(oracle.failed.values())
    print(f"{faults} faults of {len(FAULTS)} kinds, {healthy} healthy ones of {len(HEALTHY)} "
          f"kinds, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
