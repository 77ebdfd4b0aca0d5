"""Loads the GGUF files that convert makes with llama-cpp-python, and compares
the logits.

usage: convert_llama_cpp.py [--record] DRIVER [TYPE…]

DRIVER is the program made from tests/drivers/convert_driver.cc; TYPE f32, f16,
bf16 or q8_0 (all four if left out). Skipped where llama_cpp is not installed.
Prints a line per model: max |difference| / max |logit| of llama.cpp's logits,
its cache in F32, to those that transformers computed of the folder, and to ours
of the same file; and how many were compared. Ends with 1 where a file is not
loaded or is further away than the bound of its type; but for OTHERWISE, whose
reason is printed: then the driver's variant of the model, "varied", has to agree
with ours. --record writes what it finds of f32, by the fixture's name, to
tests/fixtures/llama_cpp_logits.json.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import llama_cpp
except ImportError:
    print("llama_cpp is not installed")
    sys.exit(77)
import numpy as np

# Of eight bits both round activations too, each at other places; rounding moves
# tokens of a mixture to other experts.
BOUNDS = {"f32": 1e-4, "f16": 5e-2, "bf16": 0.2, "q8_0": 0.4}
MIXTURE_BOUND = 0.6
# Gemma's GELU is read from a table of halves (ggml/src/ggml-cpu/vec.h,
# ggml_table_gelu_f16). With such a GELU transformers' logits are within 2.1e-7
# (gemma), 2.1e-6 (gemma4) and 3.9e-5 (gemma4_text) of llama.cpp's, instead of
# 3.8e-5, 4.8e-4 and 1.8e-4.
HALVES_BOUND = 1e-3
# What llama.cpp does otherwise, with the place in its sources (those in
# llama-cpp-python 0.3.36) where that is so.
NO_WINDOW = "no window in this architecture (src/models/{}.cpp reads no key of it)"
SCALE = ("the scale of attention is of the head's length, but in the 27B model "
         "(src/models/{}.cpp, f_attention_scale); no key is read")
NO_BIAS = "no such biases in this architecture (src/models/{}.cpp); makers publish none"
DELTA = "values of the delta rule as long as its keys (src/models/{}.cpp, head_v_dim)"
OTHERWISE = {
    "mistral": NO_WINDOW.format("llama"),
    "qwen2_window": NO_WINDOW.format("qwen2"),
    "phi3_window": "the window is turned off (src/models/phi3.cpp, load_arch_hparams)",
    "phi3": "the long factors as soon as the context, 256 positions at least, is longer than "
            "the original one (src/llama-model.cpp, get_rope_factors), not the text",
    "cohere_norms": "norms of queries and keys in models of 64 layers and more alone "
                    "(src/models/command-r.cpp)",
    "gemma2": SCALE.format("gemma2"),
    "gemma3": SCALE.format("gemma3"),
    "gemma3_text": SCALE.format("gemma3"),
    "seed_oss": NO_BIAS.format("seed-oss"),
    "ernie4_5": NO_BIAS.format("ernie4-5"),
    "ernie4_5_moe": NO_BIAS.format("ernie4-5"),
    "internlm2": "no bias of attention's output in this architecture (src/models/internlm2.cpp); "
                 "makers publish none",
    "exaone4": "heads that together are as wide as the model, and windows in 64 layers alone "
               "(src/models/exaone4.cpp)",
    "qwen3_5": DELTA.format("qwen35"),
    "qwen3_next": DELTA.format("qwen3next"),
    "qwen3_5_moe": DELTA.format("qwen35moe"),
    "llama4": "chunks and the temperature are fixed (src/models/llama4.cpp, load_arch_hparams)",
    "lfm2": NO_BIAS.format("lfm2"),
    "lfm2_moe": "no factor of the routed experts is read (src/models/lfm2moe.cpp); makers "
                "publish 1",
    "qwen2_moe": "experts in every layer (src/models/qwen2moe.cpp)",
    "deepseek_v2_lite": "queries without a latent in models of 26, 27 or 48 layers alone "
                        "(src/models/deepseek2.cpp, is_lite)",
}

complaints = collections.deque(maxlen=3)


@llama_cpp.llama_log_callback
def log(level, text, _):
    if b"error" in text or b"assert" in text.lower():
        complaints.append(text.decode("utf-8", "replace").strip())


def logits_of(path, ids):
    """[id][vocabulary]; None where the file is not loaded."""
    complaints.clear()
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


def compare(case, kind):
    """Whether that is right, what is to be said of it, and the figure or the
    reason why there is none."""
    theirs = logits_of(case["file"], case["ids"])
    reason = OTHERWISE.get(case["name"].split()[0])
    varied = "varied" in case["name"]
    if theirs is None:
        known = reason is not None and not varied
        why = reason if known else "; ".join(complaints)
        return known, f"not loaded: {why}", f"not loaded: {why}"
    ours = distance(theirs, np.array(case["logits"]))
    words = f"{ours:.1e} to ours"
    worst = ours
    if not varied:
        worst = distance(theirs, np.array(case["transformers"]))
        words = f"{worst:.1e} to transformers, " + words
    bound = BOUNDS[kind]
    if kind == "f32" and case["name"].startswith("gemma"):
        bound = HALVES_BOUND
    elif kind in ("bf16", "q8_0") and case["mixture"]:
        bound = MIXTURE_BOUND
    if worst <= bound:
        return True, words, float(f"{worst:.1e}")
    if reason and not varied:
        return True, f"{words}: {reason}", reason
    return False, words + ": WRONG", float(f"{worst:.1e}")


def record(found):
    """FOUND: [fixture's name, figure or reason, whether that is of the variant]; of
    several figures the worst stays."""
    worst = {}
    for name, value, varied in found:
        old = worst.get(name, value)
        if varied:
            worst[name] = f"{old}; varied to fit: {value}"
        elif isinstance(old, str) or isinstance(value, str):
            worst[name] = old
        else:
            worst[name] = max(old, value)
    path = pathlib.Path(__file__).parent.parent / "fixtures/llama_cpp_logits.json"
    path.write_text(json.dumps(worst, indent=1) + "\n", encoding="utf-8")


def main():
    llama_cpp.llama_log_set(log, None)
    arguments = sys.argv[1:]
    keep = arguments[0] == "--record"
    driver, *types = arguments[keep:]
    types = types or ["f32", "f16", "bf16", "q8_0"]
    found = []
    wrong = 0
    for kind in types:
        count = 0
        with tempfile.TemporaryDirectory() as folder:
            answer = subprocess.run([driver, folder, kind], check=True,
                                    stdout=subprocess.PIPE, text=True)
            for line in answer.stdout.splitlines():
                case = json.loads(line)
                right, words, value = compare(case, kind)
                if kind == "f32":
                    found.append([case["name"].split()[0], value, "varied" in case["name"]])
                print(f"{case['name']} {kind}: {words}", flush=True)
                wrong += not right
                count += 1
        print(f"{kind}: {count} compared")
    if keep:
        record(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
