"""Writes src/format/iq_grids.inc: the grids of GGUF's IQ types.

usage: make_iq_grids.py [OUTPUT]

A grid is data of the format: what the index of a block names, 8 or 4 weights.
Taken from the gguf package (0.19); a weight is its place in the list of the
values that the grid holds, the first in the lowest bits.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import quants

GRIDS = [("kIq2XxsCodes", quants.IQ2_XXS), ("kIq2XsCodes", quants.IQ2_XS),
         ("kIq2SCodes", quants.IQ2_S), ("kIq3XxsCodes", quants.IQ3_XXS),
         ("kIq3SCodes", quants.IQ3_S), ("kIq1Codes", quants.IQ1_S)]


def main():
    default = Path(__file__).parents[2] / "src" / "format" / "iq_grids.inc"
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    text = "// Made by tests/oracles/make_iq_grids.py from the gguf package.\n"
    for name, quant in GRIDS:
        quant.init_grid()
        grid = quant.grid.reshape(quant.grid_shape)
        bits = 3 if len(quant.grid_map) == 8 else 2
        codes = np.searchsorted(np.array(quant.grid_map), grid)
        shifts = bits * np.arange(grid.shape[1])
        entries = (codes << shifts).sum(axis=1)
        text += f"\nconstexpr uint16_t {name}[{len(entries)}] = {{\n"
        for i in range(0, len(entries), 10):
            text += "    " + " ".join(f"0x{e:04x}," for e in entries[i:i + 10]) + "\n"
        text += "};\n"
    output.write_text(text)


if __name__ == "__main__":
    main()
