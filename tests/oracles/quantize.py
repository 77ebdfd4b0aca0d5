"""Compares Quantize with gguf.quants.quantize, bit for bit.

usage: quantize.py DRIVER [BLOCKS [SEED]]

DRIVER is the program made from tests/drivers/quantize_driver.cc; BLOCKS
(100,000 if left out) of 32 weights are drawn per type, of all magnitudes, with
zeros, halves and equal weights among them. Ends with 1 if a byte differs.
"""

import subprocess
import sys

import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import quantize


def sample(count, rng):
    weights = rng.standard_normal((count, 32)).astype(np.float32)
    weights *= np.exp2(rng.integers(-30, 12, (count, 1))).astype(np.float32)
    weights[1::8] = np.round(weights[1::8] * 2) / 2
    weights[2::8, ::2] = 0
    weights[3::8] = weights[3::8, :1]
    weights[4::64] = 0
    # Halfway between two steps, but for the last bits.
    largest = np.abs(weights[5::8]).max(axis=1, keepdims=True)
    steps = rng.integers(-127, 127, weights[5::8].shape) + np.float32(0.5)
    weights[5::8, 1:] = (steps * largest / np.float32(127))[:, 1:]
    return weights


def main():
    driver = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    rng = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    wrong = 0
    for name in ("F32", "F16", "BF16", "Q8_0"):
        number = GGMLQuantizationType[name]
        weights = sample(count, rng)
        expected = quantize(weights, number).view(np.uint8).ravel()
        answer = subprocess.run([driver, str(int(number))], check=True,
                                input=weights.tobytes(), stdout=subprocess.PIPE)
        got = np.frombuffer(answer.stdout, dtype=np.uint8)
        differing = int((got != expected).sum()) if got.size == expected.size else -1
        print(f"{name}: {count} blocks, {got.size} bytes, {differing} differ")
        wrong += differing != 0
    return 1 if wrong else 0


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main())
