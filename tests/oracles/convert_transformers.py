"""Loads the folders that convert writes back from GGUF files with transformers,
and compares the logits with those of the folders that the files were made of.

usage: convert_transformers.py DRIVER

DRIVER is the program made from tests/drivers/convert_driver.cc. Skipped where
torch or transformers is not installed. Prints a line per model: max |difference|
/ max |logit|, both computed in F32. Ends with 1 where a folder is not loaded as
it stands (a tensor missing, unexpected or of another shape) or the difference is
above 1e-5: a norm that one was added to and taken from again has lost a bit.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import torch
    from transformers import AutoModelForCausalLM, logging
except ImportError:
    print("torch or transformers is not installed")
    sys.exit(77)

from tiny_model_specs import SPECS

BOUND = 1e-5
# What belongs to the vision of a model whose text alone goes to GGUF.
VISION = ("vision_tower", "multi_modal_projector")


def logits_of(folder, ids, oracle):
    """[id][vocabulary], and what was not loaded as it stands. Where transformers
    lacks the model's type, ORACLE holds fields that stand for it."""
    path = Path(folder, "config.json")
    config = json.loads(path.read_text())
    if oracle:
        path.write_text(json.dumps(config | oracle))
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager",
        experts_implementation="eager", output_loading_info=True)
    odd = {name for names in info.values() for name in names
           if not any(part in str(name) for part in VISION)}
    if config.get("tie_word_embeddings", True):
        odd.discard("lm_head.weight")
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0], odd


def main():
    logging.set_verbosity_error()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run([sys.argv[1], folder, "auto", "--back"], check=True,
                                stdout=subprocess.PIPE, text=True)
        for line in answer.stdout.splitlines():
            case = json.loads(line)
            spec = SPECS[case["name"].split()[0]]
            if "numpy" in spec:
                print(f"{case['name']}: left out, transformers lacks its type")
                continue
            oracle = spec.get("oracle", {})
            before, _ = logits_of(case["folder"], case["ids"], oracle)
            try:
                after, odd = logits_of(case["back"], case["ids"], oracle)
            except (OSError, RuntimeError, ValueError) as error:
                print(f"{case['name']}: not loaded: {error}")
                wrong += 1
                continue
            difference = float((after - before).abs().max() / before.abs().max())
            bad = bool(odd) or not difference <= BOUND
            print(f"{case['name']}: {difference:.1e}"
                  + (f", not as it stands: {sorted(map(str, odd))}" if odd else "")
                  + (" WRONG" if bad else ""))
            wrong += bad
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
