"""Loads the GGUF files that convert makes with llama-cpp-python, and compares
the logits.

usage: convert_llama_cpp.py [--record] DRIVER [TYPE…]

DRIVER is the program made from tests/drivers/convert_driver.cc; TYPE f32, f16,
bf16 or q8_0 (f32 if left out). Skipped where llama_cpp is not installed. Prints
a line per model: max |difference| / max |logit| of llama.cpp's logits, its cache
in F32, to those that transformers computed of the folder, and to ours of the
same file. Ends with 1 where a file is not loaded, or is further from
transformers than 1e-4 (f32) or 5e-2; but for what llama.cpp computes otherwise
by itself, whose reason is printed. --record writes what it finds of f32, by
the fixture's name, to tests/fixtures/models/llama_cpp.json.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import llama_cpp
except ImportError:
    print("llama_cpp is not installed")
    sys.exit(77)
import numpy as np

BOUNDS = {"f32": 1e-4}
WINDOW = "llama.cpp has no window in this architecture"
SCALE = "llama.cpp has no key for the scale of attention"
OTHERWISE = {"mistral": WINDOW, "qwen2_window": WINDOW, "phi3_window": WINDOW, "gemma2": SCALE,
             "gemma3": SCALE, "gemma3_text": SCALE}


def logits_of(path, ids):
    """[id][vocabulary]; None where the file is not loaded."""
    try:
        model = llama_cpp.Llama(path, n_ctx=max(64, len(ids)), logits_all=True, verbose=False,
                                n_threads=1, n_gpu_layers=0, flash_attn=False,
                                type_k=0, type_v=0)  # F32
    except ValueError:
        return None
    model.eval(ids)
    logits = np.array(model.scores[:len(ids)])
    model.close()
    return logits


def distance(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def record(found):
    """FOUND: [fixture's name, figure or reason]; of several the worst stays."""
    worst = {}
    for name, value in found:
        old = worst.get(name, value)
        worst[name] = old if isinstance(old, str) else (
            value if isinstance(value, str) else max(old, value))
    path = Path(__file__).parent.parent / "fixtures/models/llama_cpp.json"
    path.write_text(json.dumps(worst, indent=1) + "\n")


def main():
    arguments = sys.argv[1:]
    keep = arguments[0] == "--record"
    driver, *types = arguments[keep:]
    types = types or ["f32"]
    found = []
    wrong = 0
    for kind in types:
        with tempfile.TemporaryDirectory() as folder:
            answer = subprocess.run([driver, folder, kind], check=True,
                                    stdout=subprocess.PIPE, text=True)
            for line in answer.stdout.splitlines():
                case = json.loads(line)
                theirs = logits_of(case["file"], case["ids"])
                if theirs is None:
                    print(f"{case['name']} {kind}: not loaded")
                    found.append([case["name"].split()[0], "not loaded"])
                    wrong += 1
                    continue
                ours = distance(theirs, np.array(case["logits"]))
                hf = distance(theirs, np.array(case["transformers"]))
                bad = not hf <= BOUNDS.get(kind, 5e-2)
                known = OTHERWISE.get(case["name"].split()[0])
                print(f"{case['name']} {kind}: {hf:.1e} to transformers, {ours:.1e} to ours"
                      + (f": {known or 'WRONG'}" if bad else ""))
                wrong += bad and known is None
                if kind == "f32":
                    found.append([case["name"].split()[0],
                                  known if bad and known else float(f"{hf:.1e}")])
    if keep:
        record(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
