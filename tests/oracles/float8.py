"""Compares the eight-bit floats, FP8 weights with block scales and gpt-oss's
MXFP4 layout with torch, bit for bit.

usage: float8.py DRIVER

DRIVER is the program made from tests/drivers/float8_driver.cc. Skipped where
torch is not installed. MXFP4 is unpacked as transformers does it: the lower
four bits first, values times 2^(scale - 127). Ends with 1 if a bit differs.
"""

import subprocess
import sys

try:
    import torch
except ImportError:
    print("torch is not installed")
    sys.exit(77)

TYPES = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
         "F8_E8M0": torch.float8_e8m0fnu}
VALUES = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])


def ours(arguments, data):
    answer = subprocess.run(arguments, check=True, input=data, stdout=subprocess.PIPE)
    return torch.frombuffer(bytearray(answer.stdout), dtype=torch.int32)


def compare(what, got, expected):
    differing = int((got != expected.flatten().view(torch.int32)).sum())
    print(f"{what}: {got.numel()} numbers, {differing} differ")
    return differing


def main():
    driver = sys.argv[1]
    wrong = 0
    every = torch.arange(256, dtype=torch.uint8)
    for name, dtype in TYPES.items():
        wrong += compare(name, ours([driver, name], every.numpy().tobytes()),
                         every.view(dtype).float())
    torch.manual_seed(1)
    for name in ("F8_E4M3", "F8_E5M2"):
        for rows, columns, block in ((256, 384, 128), (200, 300, 128), (7, 5, 2)):
            weight = torch.randint(0, 256, (rows, columns), dtype=torch.uint8)
            scale = torch.rand(-(-rows // block), -(-columns // block)) * 0.01
            spread = scale.repeat_interleave(block, 0)[:rows].repeat_interleave(block, 1)
            expected = weight.view(TYPES[name]).float() * spread[:, :columns]
            got = ours([driver, name, str(rows), str(columns), str(block)],
                       weight.numpy().tobytes() + scale.numpy().tobytes())
            wrong += compare(f"{name} {rows} x {columns} in blocks of {block}", got, expected)
    blocks = torch.randint(0, 256, (4096, 16), dtype=torch.uint8)
    # Beyond, 6 times the scale is past the range of floats.
    scales = torch.arange(4096, dtype=torch.int32) % 252
    low, high = VALUES[(blocks & 15).long()], VALUES[(blocks >> 4).long()]
    values = torch.stack((low, high), dim=-1).reshape(4096, 32)
    # GGUF's minus zero is zero.
    expected = torch.ldexp(values, scales.view(-1, 1) - 127) + 0.0
    got = ours([driver, "MXFP4"],
               blocks.numpy().tobytes() + scales.to(torch.uint8).numpy().tobytes())
    wrong += compare("MXFP4", got, expected)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
