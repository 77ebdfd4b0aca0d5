"""Compares the GGUF reader with the gguf package's on whole files.

usage: gguf_compare.py DRIVER FILE...

DRIVER is the program made from tests/drivers/gguf_driver.cc. Every entry (key,
place, type, value; floats by their bits) and every tensor (name, type, shape,
SHA-256 of its data) must be equal. Prints a line per file; ends with 1 if
anything differs.
"""

import hashlib
import json
import struct
import subprocess
import sys

import numpy as np
from gguf import GGUFReader, GGUFValueType

NAMES = {
    GGUFValueType.UINT8: "uint8", GGUFValueType.INT8: "int8",
    GGUFValueType.UINT16: "uint16", GGUFValueType.INT16: "int16",
    GGUFValueType.UINT32: "uint32", GGUFValueType.INT32: "int32",
    GGUFValueType.FLOAT32: "float32", GGUFValueType.BOOL: "bool",
    GGUFValueType.STRING: "string", GGUFValueType.UINT64: "uint64",
    GGUFValueType.INT64: "int64", GGUFValueType.FLOAT64: "float64",
}


def plain(part, kind):
    """One value as the driver prints it."""
    if kind == GGUFValueType.STRING:
        return bytes(part).hex()
    number = part[0]
    if kind == GGUFValueType.FLOAT32:
        return struct.unpack("<I", struct.pack("<f", number))[0]
    if kind == GGUFValueType.FLOAT64:
        return struct.unpack("<Q", struct.pack("<d", number))[0]
    return bool(number) if kind == GGUFValueType.BOOL else int(number)


def expected(path):
    reader = GGUFReader(path)
    entries = []
    for field in reader.fields.values():
        if field.name.startswith("GGUF."):
            continue
        kinds = field.types
        values = [plain(field.parts[i], kinds[-1]) for i in field.data]
        if kinds[0] == GGUFValueType.ARRAY:
            # An empty array does not tell its element type here.
            name = f"array of {NAMES[kinds[1]]}" if len(kinds) > 1 else None
        else:
            name, values = NAMES[kinds[0]], values[0]
        entries.append([field.name, field.offset, name, values])
    tensors = []
    for tensor in reader.tensors:
        data = np.ascontiguousarray(tensor.data).tobytes()
        tensors.append([tensor.name, tensor.tensor_type.name,
                        [int(n) for n in tensor.shape],
                        hashlib.sha256(data).hexdigest()])
    return entries, tensors


def compare(driver, path):
    """What differs, as a list of lines."""
    answer = subprocess.run([driver, path], check=True, stdout=subprocess.PIPE)
    got = json.loads(answer.stdout)
    entries, tensors = expected(path)
    wrong = []
    for what, ours, theirs in (("entries", got["entries"], entries),
                               ("tensors", got["tensors"], tensors)):
        if len(ours) != len(theirs):
            wrong.append(f"{len(ours)} {what} instead of {len(theirs)}")
        for a, b in zip(ours, theirs):
            if what == "entries" and b[2] is None:
                a[2] = None
            if a != b:
                wrong.append(f"{what}: {str(a)[:200]} instead of "
                             f"{str(b)[:200]}")
    values = sum(len(e[3]) if isinstance(e[3], list) else 1 for e in entries)
    print(f"{path}: {len(entries)} entries, {values} values, "
          f"{len(tensors)} tensors, {len(wrong)} differ")
    return wrong


def main():
    wrong = []
    for path in sys.argv[2:]:
        wrong += compare(sys.argv[1], path)
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
