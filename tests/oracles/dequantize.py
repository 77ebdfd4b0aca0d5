"""Compares Dequantize with gguf.quants.dequantize on many sampled blocks.

usage: dequantize.py DRIVER [BLOCKS [SEED]]

DRIVER is the program made from tests/drivers/dequantize_driver.cc; BLOCKS
(100,000 if left out) is per tensor type. Prints a line per type; ends with 1 if
a bit differs.
"""

import subprocess
import sys

import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import dequantize

from quant_samples import TYPES, sample_blocks


def main():
    driver = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rng = np.random.default_rng(seed)
    wrong = 0
    for name in TYPES:
        number = GGMLQuantizationType[name]
        blocks = sample_blocks(name, count, rng)
        expected = dequantize(blocks, number).astype("<f4").view("<u4").ravel()
        answer = subprocess.run([driver, str(int(number))], check=True,
                                input=blocks.tobytes(), stdout=subprocess.PIPE)
        got = np.frombuffer(answer.stdout, dtype="<u4")
        if got.size != expected.size:
            print(f"{name}: {got.size} weights instead of {expected.size}")
            wrong += 1
            continue
        differing = np.flatnonzero(got != expected)
        nans = np.count_nonzero((expected & 0x7FFFFFFF) > 0x7F800000)
        print(f"{name}: {count} blocks, {got.size} weights ({nans} NaN), "
              f"{differing.size} differ")
        for i in differing[:3]:
            print(f"  weight {i}: {got[i]:08x} instead of {expected[i]:08x}")
        wrong += differing.size
    print(f"seed {seed}, {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main())
