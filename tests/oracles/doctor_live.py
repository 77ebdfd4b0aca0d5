"""Models whose weights are at fault, and such whose are not, for the probe.

    doctor_live.py FULLSTOP MODEL.gguf [--seeds N] [--own N] [--keep FOLDER]

MODEL (SmolLM2) gets an output head of its own, and one thing is changed: the
row of the end zeroed, halved or exchanged with an ordinary token's, its mass
given to another special token, or all blocks rounded to two bits; or something
that does no harm. The probe has to name the cause, and none where there is
none. What files alone show (an end that is declared wrongly, another family's
template, a penalty, an end that is suppressed) is to be found without it.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import gguf
import numpy as np

KEY_TYPES = gguf.GGUFValueType


class Model:
    """A GGUF file in memory, to be changed and written."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.fields = {}
        for name, field in reader.fields.items():
            if not name.startswith("GGUF."):
                self.fields[name] = (field.contents(), field.types)
        self.tensors = {t.name: (t.data, t.tensor_type) for t in reader.tensors}

    def copy(self):
        other = object.__new__(Model)
        other.fields, other.tensors = dict(self.fields), dict(self.tensors)
        return other

    def set(self, name, value, *types):
        self.fields[name] = (value, list(types))

    def floats(self, name):
        data, kind = self.tensors[name]
        return gguf.quants.dequantize(data, kind).astype(np.float32)

    def put(self, name, values, kind):
        self.tensors[name] = (gguf.quants.quantize(values, kind), kind)

    def write(self, path):
        writer = gguf.GGUFWriter(path, self.fields["general.architecture"][0])
        for name, (value, types) in self.fields.items():
            if name == "general.architecture":
                continue
            sub = types[-1] if types[0] == KEY_TYPES.ARRAY else None
            writer.add_key_value(name, value, types[0], sub)
        for name, (data, kind) in self.tensors.items():
            writer.add_tensor(name, np.ascontiguousarray(data), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


class Faults:
    """Each changes MODEL, which has a head of its own, by RNG."""

    def __init__(self, model):
        self.end = model.fields["tokenizer.ggml.eos_token_id"][0]
        kinds = model.fields["tokenizer.ggml.token_type"][0]
        self.special = [i for i, kind in enumerate(kinds) if kind == 3 and i != self.end]

    def row(self, model, change):
        head = model.floats("output.weight")
        change(head)
        model.put("output.weight", head, gguf.GGMLQuantizationType.F16)

    def exchange(self, model, other):
        def change(head):
            head[[self.end, other]] = head[[other, self.end]]
        self.row(model, change)

    def zeroed(self, model, rng):
        self.row(model, lambda head: head.__setitem__(self.end, 0))

    def halved(self, model, rng):
        self.row(model, lambda head: head.__setitem__(self.end, head[self.end] / 2))

    def swapped(self, model, rng):
        self.exchange(model, rng.randrange(300, 20000))

    def moved(self, model, rng):
        self.exchange(model, rng.choice(self.special))

    def two_bits(self, model, rng):
        for name in list(model.tensors):
            values = model.floats(name) if name.startswith("blk.") else None
            if values is None or values.ndim != 2:
                continue
            groups = values.reshape(-1, 32)
            scale = np.abs(groups).max(axis=1, keepdims=True) / 1.5
            scale[scale == 0] = 1
            rounded = (np.clip(np.round(groups / scale - 0.5), -2, 1) + 0.5) * scale
            model.put(name, rounded.reshape(values.shape), gguf.GGMLQuantizationType.Q8_0)

    # What does no harm.
    def untied(self, model, rng):
        pass

    def louder(self, model, rng):
        factor = rng.uniform(1.01, 1.1)
        self.row(model, lambda head: head.__setitem__(self.end, head[self.end] * factor))

    def unused(self, model, rng):
        def change(head):
            noise = np.random.default_rng(rng.randrange(2**32))
            for token in rng.sample(self.special, 4):
                size = np.linalg.norm(head[token])
                fresh = noise.standard_normal(head.shape[1]).astype(np.float32)
                head[token] = fresh / np.linalg.norm(fresh) * size
        names = model.fields["tokenizer.ggml.tokens"][0]
        used = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
        self.special = [i for i in self.special if names[i] not in used]
        self.row(model, change)

    def requantised(self, model, rng):
        model.put("output.weight", model.floats("output.weight"),
                  gguf.GGMLQuantizationType.Q8_0)

    def renamed(self, model, rng):
        model.set("general.name", f"model {rng.randrange(1000)}", KEY_TYPES.STRING)
        model.fields = dict(reversed(model.fields.items()))


# Each kind with the rules of which one has to come first; nothing otherwise.
LIVE = {"zeroed": {"RUN003"}, "halved": {"RUN004"}, "swapped": {"RUN003"},
        "moved": {"RUN002"}, "two_bits": {"RUN001"},
        "untied": set(), "louder": set(), "unused": set(), "requantised": set(),
        "renamed": set()}
CHATML = "{% for m in messages %}[{{ m.role }}] {{ m.content }} [/]{% endfor %}"


def static_kinds(model, end):
    """Models that their files give away, with rules of which one is found."""
    wrong = model.copy()
    wrong.set("tokenizer.ggml.eos_token_id", 0, KEY_TYPES.UINT32)
    other = model.copy()
    other.set("tokenizer.chat_template", CHATML, KEY_TYPES.STRING)
    loud = model.copy()
    loud.set("general.sampling.penalty_repeat", 1.3, KEY_TYPES.FLOAT32)
    mute = model.copy()
    mute.set("tokenizer.ggml.suppress_tokens", [end], KEY_TYPES.ARRAY, KEY_TYPES.INT32)
    return {"wrong end": (wrong, "GEN"), "other template": (other, "GEN"),
            "penalty": (loud, "GEN020"), "suppressed": (mute, "GEN")}


def doctor(program, path, *arguments):
    done = subprocess.run([program, "doctor", str(path), "--format", "json", "--exit-zero",
                           *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)["targets"]


def worth(target):
    return [f["rule"] for f in target["findings"] if f["severity"] != "note"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fullstop")
    parser.add_argument("model")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--own", type=int, default=0, help="own replies of each kind")
    parser.add_argument("--known", type=int, default=24)
    parser.add_argument("--kinds", nargs="*", default=list(LIVE))
    options = parser.parse_args()
    healthy = Model(options.model)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        path, plan = place / "model.gguf", place / "plan.json"
        for name, (model, rule) in static_kinds(healthy, Faults(healthy).end).items():
            path.unlink(missing_ok=True)
            model.write(path)
            found = worth(doctor(options.fullstop, path)[0])
            good = any(each.startswith(rule) for each in found)
            wrong += not good
            print(f"{name}: {'found' if good else 'NOT FOUND'} {found}", flush=True)
        for kind in options.kinds:
            for seed in range(options.seeds):
                model, faults = healthy.copy(), Faults(healthy)
                model.put("output.weight", model.floats("token_embd.weight"),
                          gguf.GGMLQuantizationType.F16)
                getattr(faults, kind)(model, random.Random(f"{kind} {seed}"))
                path.unlink(missing_ok=True)
                model.write(path)
                plan.write_text(json.dumps({
                    "seed": seed, "known": options.known, "greedy": options.own // 3,
                    "sampled": options.own - options.own // 3, "max_tokens": 128,
                    "variants": 0}), encoding="utf-8")
                target = doctor(options.fullstop, path, "--live", "--plan", str(plan),
                                "--select", "RUN")[-1]
                found = worth(target)
                expected = LIVE[kind]
                good = found[0] in expected if found and expected else found == list(expected)
                wrong += not good
                known = target["live"]["known"]
                shown = " ".join(f"{key} {known[key]['value']:.3g} ({known[key]['low']:.3g} to "
                                 f"{known[key]['high']:.3g})" for key in
                                 ("logprob", "p_stop_end", "p_stop_inside", "separation",
                                  "row_separation"))
                print(f"{kind} {seed}: {'right' if good else 'WRONG'} {found} {shown} "
                      f"spread {known['row_spread']:.3g} normal {known['normal']}", flush=True)
    print(f"{wrong} wrong")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
