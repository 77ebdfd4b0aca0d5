"""How far our logits of a model are from llama.cpp's, where there is no float64 twin of its architecture.

    python3 llama_cpp_logits.py --driver PROGRAM --model MODEL.gguf
        [--text FILE] [--tokens N] [--paths reference,avx2,avx512] [--threads N]

PROGRAM is built from tests/drivers/logits_driver.cc. llama.cpp rounds activations to eight bits and keeps halves, so the two
differ by llama.cpp's own error, about 3e-3 of mean KL on the models where logit_accuracy.py measures it. Prints for each path,
prefill and decode, what logit_accuracy.py prints, with llama.cpp's logits in place of the exact ones. Exit status 1 where a mean KL
is over 2e-2, 77 where llama_cpp is not installed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

try:
    from logit_accuracy import compare, llama_cpp_logits
    import llama_cpp  # noqa: F401
except ImportError as error:
    print(error)
    sys.exit(77)

BOUND = 2e-2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", default="/usr/share/common-licenses/GPL-3")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--paths", default="reference,avx2,avx512")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with open(options.text, "rb") as file:
        ids, peer = llama_cpp_logits(options.model, file.read(), options.tokens, options.threads)
    failed = False
    print(f"{'':20} {'mean KL':>10} {'max |d|':>9} {'greedy':>6} {'gap':>7}")
    with tempfile.TemporaryDirectory() as folder:
        ids_path, out = os.path.join(folder, "ids.json"), os.path.join(folder, "ours.f32")
        with open(ids_path, "w", encoding="utf-8") as file:
            json.dump(ids, file)
        for path in options.paths.split(","):
            for phase in ([], ["--decode"]):
                subprocess.run([options.driver, options.model, ids_path, out, "--path", path,
                                "--threads", str(options.threads)] + phase, check=True)
                kl, largest, wrong, gap = compare(peer, np.fromfile(out, dtype=np.float32).reshape(peer.shape))
                failed |= kl > BOUND
                name = f"{path} {'decode' if phase else 'prefill'}"
                print(f"{name:20} {kl:10.3e} {largest:9.4f} {wrong:6} {gap:7.4f}{'  OVER ITS BOUND' if kl > BOUND else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
