"""Writes tests/fixtures/dequantize_cases.bin for format_dequantize_test.

usage: make_dequantize_cases.py [OUTPUT]

For every supported tensor type: sampled blocks (quant_samples.py) and what
gguf.quants.dequantize makes of them. All numbers are little-endian; for each
type: uint32 GGUF's number of the type, uint32 weights, uint32 bytes, the bytes,
then the weights as float32. Made with gguf 0.19 on x86-64; the seed is
fixed.
"""

import sys
from pathlib import Path

import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import dequantize

from quant_samples import TYPES, block_sizes, sample_blocks

SEED = 20240607
BLOCKS = {1: 256, 32: 40, 64: 20, 256: 16}  # by the weights of a block


def main():
    default = Path(__file__).parents[1] / "fixtures" / "dequantize_cases.bin"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    rng = np.random.default_rng(SEED)
    content = b""
    for name in TYPES:
        blocks = sample_blocks(name, BLOCKS[block_sizes(name)[0]], rng)
        number = GGMLQuantizationType[name]
        weights = dequantize(blocks.reshape(1, -1), number)
        content += np.array([number, weights.size, blocks.size],
                            dtype="<u4").tobytes()
        content += blocks.tobytes() + weights.astype("<f4").tobytes()
    output.write_bytes(content)
    print(f"{output}: {len(content)} bytes")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
