"""How far logits are from float64: ours on each CPU path, and llama.cpp's.

    python3 logit_accuracy.py --driver PROGRAM --model MODEL.gguf
        [--text FILE] [--tokens N] [--paths reference,avx2,avx512,amx]
        [--cache FOLDER] [--threads N]

PROGRAM is built from tests/drivers/logits_driver.cc. The text is by default the
GPL of Debian's /usr/share/common-licenses, its first N tokens, behind the BOS
that the model wants. The float64 logits are llama_float64.py's of a Llama, and
those of transformers in float64 of another architecture, both of the same
dequantised weights; they take a minute. They and llama.cpp's are kept in FOLDER,
so that a Python that has llama_cpp can leave its part to one that has torch.

For each source of logits q, against p = softmax(float64 logits):
    mean KL    mean over positions of sum_i p_i (ln p_i - ln q_i)
    max |d|    largest difference of a logit
    greedy     positions whose largest logit has another id than in float64, and
               the widest gap between float64's top two logits among those
Exit status 1 where a path misses its bound: mean KL at most 0.25 of llama.cpp's
(reference, avx512, amx; prefill and decode) or 1.0 (avx2), and greedy ids equal
wherever the gap exceeds 0.01 (reference) or 0.2 (others); 77 where a package is
missing.
"""

import argparse
import json
import os
import subprocess
import sys

import numpy as np

from llama_float64 import Llama

CANNOT = 77
KL_BOUND = {"reference": 0.25, "avx2": 1.0, "avx512": 0.25, "amx": 0.25}
GAP_BOUND = {"reference": 0.01, "avx2": 0.2, "avx512": 0.2, "amx": 0.2}


def llama_cpp_logits(model, text, tokens, threads):
    """The ids of the text's first TOKENS tokens, and llama.cpp's logits."""
    import llama_cpp
    peer = llama_cpp.Llama(model, n_ctx=tokens + 8, n_threads=threads,
                           n_batch=512, logits_all=True, verbose=False)
    ids = peer.tokenize(text, add_bos=True, special=False)[:tokens]
    peer.eval(ids)
    return ids, np.array(peer.scores[:len(ids)], dtype=np.float32)


def exact_logits(model, ids):
    """Float64 logits [id][vocabulary] of the dequantised weights."""
    from gguf import GGUFReader
    architecture = GGUFReader(model).get_field("general.architecture").contents()
    if architecture == "llama":
        return Llama.of_file(model).logits(ids)
    import torch
    from transformers import AutoModelForCausalLM
    folder, name = os.path.split(os.path.abspath(model))
    loaded = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float64,
        attn_implementation="eager")
    with torch.no_grad():
        return loaded(torch.tensor([ids])).logits[0].numpy()


def log_softmax(row):
    row = row.astype(np.float64)
    row = row - row.max()
    return row - np.log(np.exp(row).sum())


def compare(exact, logits):
    """Mean KL, largest difference, wrong greedy ids, widest gap there."""
    divergence, largest, gaps = 0.0, 0.0, []
    for p, q in zip(exact, logits):
        lp, lq = log_softmax(p), log_softmax(q)
        divergence += float((np.exp(lp) * (lp - lq)).sum())
        largest = max(largest, float(np.abs(p - q).max()))
        if p.argmax() != q.argmax():
            second, first = np.partition(p, -2)[-2:]
            gaps.append(float(first - second))
    return divergence / len(logits), largest, len(gaps), max(gaps, default=0.0)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", default="/usr/share/common-licenses/GPL-3")
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--paths", default="reference,avx2,avx512")
    parser.add_argument("--cache", default="/tmp/fullstop-logits")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    os.makedirs(options.cache, exist_ok=True)

    with open(options.text, "rb") as file:
        text = file.read()
    stem = os.path.splitext(os.path.basename(options.model))[0]
    kept = os.path.join(options.cache, f"{stem}-{options.tokens}-")
    ids_path, exact_path, peer_path = (
        kept + name for name in ("ids.json", "exact.npy", "peer.npy"))
    if not os.path.exists(peer_path):
        ids, peer = llama_cpp_logits(options.model, text, options.tokens,
                                     options.threads)
        with open(ids_path, "w", encoding="utf-8") as file:
            json.dump(ids, file)
        np.save(peer_path, peer)
    if not os.path.exists(exact_path):
        with open(ids_path, encoding="utf-8") as file:
            np.save(exact_path, exact_logits(options.model, json.load(file)))
    exact = np.load(exact_path, mmap_mode="r")

    print(f"{'':20} {'mean KL':>10} {'/ peer':>8} {'max |d|':>9} "
          f"{'greedy':>6} {'gap':>7}")
    peer = compare(exact, np.load(peer_path, mmap_mode="r"))
    print(f"{'llama.cpp':20} {peer[0]:10.3e} {1:8.3f} {peer[1]:9.4f} "
          f"{peer[2]:6} {peer[3]:7.4f}")
    failed = False
    out = os.path.join(options.cache, "ours.f32")
    for path in options.paths.split(","):
        for phase in ([], ["--decode"]):
            subprocess.run([options.driver, options.model, ids_path, out,
                            "--path", path, "--threads",
                            str(options.threads)] + phase, check=True)
            ours = np.memmap(out, dtype=np.float32).reshape(exact.shape)
            kl, largest, wrong, gap = compare(exact, ours)
            bad = (kl > KL_BOUND[path] * peer[0] or gap > GAP_BOUND[path])
            failed |= bad
            name = f"{path} {'decode' if phase else 'prefill'}"
            print(f"{name:20} {kl:10.3e} {kl / peer[0]:8.3f} {largest:9.4f} "
                  f"{wrong:6} {gap:7.4f}{'  MISSES ITS BOUND' if bad else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImportError as error:
        print(error)
        sys.exit(CANNOT)
