"""Blocks of GGUF's tensor types to try a decoder on: random and edge ones.

Shared by make_dequantize_cases.py and dequantize.py.
"""

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

TYPES = [
    "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K",
    "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4", "IQ2_XXS",
    "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S", "IQ1_M", "TQ1_0", "TQ2_0",
    "NVFP4",
]

# Where the halves of a block stand.
HALVES = {
    "F16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
    "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2],
    "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
    "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0],
    "IQ1_S": [0], "TQ1_0": [52], "TQ2_0": [64],
}

# Zeros, the least and greatest subnormal, the least normal, one, the greatest,
# infinities, quiet and signalling NaN with payloads, of both signs.
EDGE_HALVES = np.array(
    [sign | bits for sign in (0, 0x8000)
     for bits in (0, 1, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x7C00, 0x7C01, 0x7DFF,
                  0x7E00, 0x7FFF)], dtype=np.uint16)
EDGE_BYTES = np.array([0x00, 0x0F, 0x7F, 0x80, 0xF0, 0xFF], dtype=np.uint8)
EDGE_UE4M3 = np.array([0, 1, 7, 8, 0x38, 0x7E, 0x7F, 0x80, 0xFE, 0xFF], dtype=np.uint8)
EDGE_E8M0 = np.array([0, 1, 2, 3, 127, 128, 253, 254, 255], dtype=np.uint8)


def block_sizes(name):
    """The weights and the bytes of a block of type NAME."""
    return GGML_QUANT_SIZES[GGMLQuantizationType[name]]


def sample_blocks(name, count, rng):
    """COUNT blocks of type NAME, uint8 [COUNT, bytes of a block].

    All bytes are random. In every second block the scales are then drawn from
    the edge values, in every fourth all other bytes are one edge value, too.
    """
    size = block_sizes(name)[1]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    flat = blocks[3::4]
    flat[:] = rng.choice(EDGE_BYTES, (len(flat), 1))
    for at in HALVES.get(name, []):
        edges = rng.choice(EDGE_HALVES, len(blocks[1::2]))
        blocks[1::2, at:at + 2] = edges.view(np.uint8).reshape(-1, 2)
    if name == "NVFP4":
        edges = rng.choice(EDGE_UE4M3, len(blocks[1::2]))
        blocks[1::2, :4] = edges.reshape(-1, 1)
    if name == "IQ1_M":
        # The half is spread over the upper four bits of four words.
        edges = rng.choice(EDGE_HALVES, len(blocks[1::2]))
        for i in range(4):
            blocks[1::2, 49 + 2 * i] &= 0x0F
            blocks[1::2, 49 + 2 * i] |= (edges >> 4 * i & 15).astype(np.uint8) << 4
    if name == "MXFP4":
        blocks[1::2, 0] = rng.choice(EDGE_E8M0, len(blocks[1::2]))
    return blocks
