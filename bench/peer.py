"""Our engine beside llama.cpp (through llama-cpp-python), interleaved.

    python3 bench/peer.py FULLSTOP MODEL [--threads 2] [--pairs 7] [-p 512] [-n 128]

Each pair is one fresh process of either program on the same model file, ours
first, then the peer's; what is compared are the medians of tokens per second
over the pairs and the median of the ratios pair by pair. Whichever build of
llama-cpp-python is importable is the peer; its system info is printed.
"""

import argparse
import json
import statistics
import subprocess
import sys

PEER = r"""
import ctypes, json, sys, time
import llama_cpp as c
path, threads, prompt, steps = sys.argv[1], *map(int, sys.argv[2:5])
c.llama_backend_init()
c.llama_log_set(ctypes.cast(None, c.llama_log_callback), None)
model = c.llama_model_load_from_file(path.encode(), c.llama_model_default_params())
params = c.llama_context_default_params()
params.n_ctx = max(prompt, steps) + 8
params.n_batch = 2048
params.n_ubatch = 512
params.n_threads = params.n_threads_batch = threads
context = c.llama_init_from_model(model, params)
vocab = c.llama_model_get_vocab(model)
size = c.llama_vocab_n_tokens(vocab)
memory = c.llama_get_memory(context)
def decode(ids):
    tokens = (c.llama_token * len(ids))(*ids)  # the batch only points to them
    batch = c.llama_batch_get_one(tokens, len(ids))
    assert c.llama_decode(context, batch) == 0
    c.llama_synchronize(context)
ids = [(i * 7919 + 13) % size for i in range(prompt)]
def prefill():
    c.llama_memory_clear(memory, True)
    start = time.perf_counter()
    decode(ids)
    return prompt / (time.perf_counter() - start)
def generate():
    c.llama_memory_clear(memory, True)
    decode([1])
    start = time.perf_counter()
    for i in range(steps):
        decode([(i * 7919 + 13) % size])
    return steps / (time.perf_counter() - start)
decode(ids[:32])
print(json.dumps({"info": c.llama_print_system_info().decode(),
                  "pp": prefill(), "tg": generate()}))
"""


def ours(arguments):
    out = subprocess.run(
        [arguments.fullstop, "bench", arguments.model, "-p", str(arguments.p), "-n",
         str(arguments.n), "-r", "1", "-t", str(arguments.threads), "-o", "json",
         *(["--cpu-path", arguments.cpu_path] if arguments.cpu_path else [])],
        check=True, capture_output=True, text=True).stdout
    rows = json.loads(out)
    return {"pp": next(r["avg_ts"] for r in rows if r["n_gen"] == 0),
            "tg": next(r["avg_ts"] for r in rows if r["n_prompt"] == 0)}


def peer(arguments):
    out = subprocess.run(
        [sys.executable, "-c", PEER, arguments.model, str(arguments.threads),
         str(arguments.p), str(arguments.n)],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().split("\n")[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fullstop")
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--cpu-path")
    parser.add_argument("-p", type=int, default=512)
    parser.add_argument("-n", type=int, default=128)
    arguments = parser.parse_args()
    pairs = []
    for i in range(arguments.pairs):
        pairs.append((ours(arguments), peer(arguments)))
        print(f"pair {i + 1}: prefill {pairs[-1][0]['pp']:.1f} / {pairs[-1][1]['pp']:.1f}, "
              f"decode {pairs[-1][0]['tg']:.1f} / {pairs[-1][1]['tg']:.1f} t/s", flush=True)
    print("peer:", pairs[-1][1]["info"].strip())
    for key, name in (("pp", "prefill"), ("tg", "decode")):
        mine = statistics.median(a[key] for a, _ in pairs)
        theirs = statistics.median(b[key] for _, b in pairs)
        ratio = statistics.median(a[key] / b[key] for a, b in pairs)
        print(f"{name}: {mine:.1f} t/s, peer {theirs:.1f} t/s, median ratio {ratio:.2f}")


main()
