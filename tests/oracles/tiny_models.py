"""Writes tests/fixtures/models/: tiny random models of every architecture, each
with the logits that transformers computes (of what it lacks, numpy).

usage: tiny_models.py [NAME...]   (needs torch and transformers 5)

A fixture NAME.json holds no weights: those are a function of the seed, a
tensor's name and the place in it (draw()), which tests compute again. It has
`ids`, and for each layout of the same architecture (`published`: as the model's
makers wrote the folder; `saved`: as transformers 5 saves it without going back)
the config.json, the tensors [name, shape, scale, mean, type] and the logits
behind each id. A layout without tensors and logits has those of the first.

The weights are drawn so that everything shows: queries and keys are large, so
that attention is peaked; norms, biases, sinks and the bias of routers too are
random.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from tiny_model_specs import SPECS

FIXTURES = Path(__file__).parent.parent / "fixtures/models"
SEED = 4
IDS = 32
GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def fnv1a(name):
    """64 bits of a name."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def draw(name, shape, scale, mean, kind):
    """mean + scale * a number from [-1, 1), by SplitMix64."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64((fnv1a(name) + SEED) & MASK) + (
            np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    unit = (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1
    numbers = (mean + scale * unit).astype(np.float32)
    if kind == "BF16":  # cut, so that no rounding has to be repeated
        numbers = (numbers.view(np.uint32) & np.uint32(0xFFFF0000)).view(
            np.float32)
    drawn = torch.from_numpy(numbers.reshape(shape))
    return drawn.to(torch.bfloat16) if kind == "BF16" else drawn


def spread(name, shape, spec):
    """Scale and mean of the tensor's numbers."""
    for part, numbers in spec.get("spread", {}).items():
        if part in name:
            return numbers
    if "norm" in name and name.endswith("weight"):
        return 0.5, spec.get("norm_mean", 1.0)
    if name.endswith("e_score_correction_bias"):
        return 0.4, 0.0
    if len(shape) <= 1:
        return (2.0, 0.0) if "sink" in name else (0.5, 0.0)
    if "embed" in name:
        return 1.7, 0.0
    gain = 1.0
    if any(part in name for part in ("q_proj", "k_proj", "qkv", "wqkv")):
        gain = 2.0
    elif any(part in name for part in ("gate.weight", "router", "gate.wg")):
        gain = 3.0
    return round(gain * (3 / shape[-1]) ** 0.5, 4), 0.0


def tensors_of(folder, spec):
    """[name, shape, scale, mean, type] of what was saved there."""
    result = []
    for path in sorted(Path(folder).glob("*.safetensors")):
        for name, value in load_file(path).items():
            scale, mean = spread(name, value.shape, spec)
            result.append([name, list(value.shape), scale, mean,
                           spec.get("type", "F32")])
    return sorted(result)


def logits_of(config, tensors, ids, oracle):
    """What transformers computes of a folder with that content; where it lacks
    the model's type, with the fields of ORACLE instead of config.json's."""
    config = config | oracle
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(config))
        save_file({name: draw(name, *rest) for name, *rest in tensors},
                  Path(folder, "model.safetensors"), {"format": "pt"})
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float64, attn_implementation="eager",
            experts_implementation="eager",
            output_loading_info=True)
        missing = set(info["missing_keys"])
        if missing - {"lm_head.weight"} or info["unexpected_keys"]:
            raise SystemExit(f"not loaded as it stands: {info}")
        with torch.no_grad():
            logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    return rounded(logits.numpy())


def rounded(logits):
    return [[float(f"{x:.7g}") for x in row] for row in logits.tolist()]


def save(model, spec, original):
    """config.json and tensors of the saved model."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, save_original_format=original)
        config = json.loads(Path(folder, "config.json").read_text())
        config.pop("transformers_version", None)
        return config, tensors_of(folder, spec)


def fixture_of(ids, layouts):
    return {"transformers": transformers.__version__, "seed": SEED, "ids": ids,
            "layouts": layouts}


def make_ids(vocabulary):
    return np.random.default_rng(SEED).integers(0, vocabulary, IDS).tolist()


def make_numpy_fixture(spec):
    """Of a model that transformers lacks: there is one layout."""
    config, module = spec["config"], spec["numpy"]
    ids = make_ids(config["vocab_size"])
    tensors = [[name, shape, *spread(name, shape, spec), "F32"]
               for name, shape in sorted(module.shapes(config))]
    numbers = {name: draw(name, *rest).numpy() for name, *rest in tensors}
    logits = rounded(module.logits(config, numbers, ids))
    return fixture_of(ids, [{"name": "published", "config": config,
                             "tensors": tensors, "logits": logits}])


def make_fixture(spec):
    if "numpy" in spec:
        return make_numpy_fixture(spec)
    torch.manual_seed(0)
    published = spec["config"]
    oracle = spec.get("oracle", {})
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(published | oracle))
        config = AutoConfig.from_pretrained(folder)
    model = AutoModelForCausalLM.from_config(config)
    text = published.get("text_config", published)
    ids = make_ids(text["vocab_size"])
    saved_config, tensors = save(model, spec, original=True)
    for name, shape in spec.get("extra", []):
        tensors.append([name, shape, *spread(name, shape, spec), "F32"])
    layouts = [{"name": "published", "config": published, "tensors": tensors,
                "logits": logits_of(published, tensors, ids, oracle)}]
    _, saved_tensors = save(model, spec, original=False)
    layout = {"name": "saved", "config": saved_config}
    if [t[:2] for t in saved_tensors] != [t[:2] for t in tensors]:
        layout["tensors"] = saved_tensors
        layout["logits"] = logits_of(saved_config, saved_tensors, ids,
                                     oracle)
    layouts.append(layout)
    return fixture_of(ids, layouts)


def dump(fixture):
    """JSON with a tensor, or the logits of an id, a line."""
    def lines(values):
        return "[\n" + ",\n".join(json.dumps(v) for v in values) + "]"
    parts = []
    for layout in fixture["layouts"]:
        fields = [f'"name": {json.dumps(layout["name"])}',
                  f'"config": {json.dumps(layout["config"])}']
        for key in ("tensors", "logits"):
            if key in layout:
                fields.append(f'"{key}": {lines(layout[key])}')
        parts.append("{" + ",\n".join(fields) + "}")
    head = ", ".join(f'"{key}": {json.dumps(fixture[key])}'
                     for key in ("models", "transformers", "seed", "ids")
                     if key in fixture)
    return "{" + head + ',\n"layouts": [\n' + ",\n".join(parts) + "]}\n"


def main():
    transformers.logging.set_verbosity_error()
    FIXTURES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SPECS:
        fixture = make_fixture(SPECS[name])
        if "models" in SPECS[name]:
            fixture["models"] = SPECS[name]["models"]
        logits = np.array(fixture["layouts"][0]["logits"])
        text = dump(fixture)
        (FIXTURES / f"{name}.json").write_text(text)
        print(f"{name}: {len(text)} bytes, max |logit| "
              f"{np.abs(logits).max():.3g}, deviation {logits.std():.3g}, "
              f"layouts {['tensors' in x for x in fixture['layouts']]}")


if __name__ == "__main__":
    main()
