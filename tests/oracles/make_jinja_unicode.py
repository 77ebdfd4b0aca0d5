#!/usr/bin/env python3
"""Writes src/jinja/unicode_tables.inc: what Python's str methods know of each
code point, so that templates behave as they do under Jinja2. The values are
those of the Python that runs this script (the oracle runs 3.11, Unicode 14).

    python3 tests/oracles/make_jinja_unicode.py > src/jinja/unicode_tables.inc
"""

import sys
import unicodedata

SURROGATES = range(0xD800, 0xE000)
# Bit by bit, in the order of enum in unicode.cc.
PROPERTIES = [
    lambda c: c.isalpha(),
    lambda c: c.isdecimal(),
    lambda c: c.isdigit(),
    lambda c: c.isnumeric(),
    lambda c: c.isspace(),
    lambda c: c.isprintable(),
    lambda c: c.islower(),
    lambda c: c.isupper(),
    lambda c: unicodedata.category(c) == "Lt",
    lambda c: c.isidentifier(),
    lambda c: ("a" + c).isidentifier(),
    # What str.lower() skips around a final sigma; the rule shows the property.
    lambda c: ("A" + c + "Σ").lower()[-1] == "ς"
    and ("A" + c + "Σ" + "a").lower()[-2] == "σ"
    and ("Σ" + c + "a").lower()[0] == "σ"
    and ("1" + c + "Σ").lower()[-1] == "σ",
    lambda c: ("1" + c + "Σ").lower()[-1] == "ς",
]


def flags(code):
    if code in SURROGATES:
        return 0
    c = chr(code)
    return sum(1 << bit for bit, has in enumerate(PROPERTIES) if has(c))


def emit(name, kind, values):
    print(f"inline constexpr {kind} {name}[] = {{")
    line = "   "
    for value in values:
        item = f" {value},"
        if len(line) + len(item) > 80:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


def main():
    print("// Made by tests/oracles/make_jinja_unicode.py with Python "
          f"{sys.version.split()[0]}, Unicode {unicodedata.unidata_version}.")
    sets = []
    runs = []
    previous = None
    for code in range(0x110000):
        f = flags(code)
        if f != previous:
            if f not in sets:
                sets.append(f)
            runs.append(code << 6 | sets.index(f))
            previous = f
    assert len(sets) <= 64
    emit("kFlagSets", "uint16_t", sets)
    emit("kFlagRuns", "uint32_t", runs)
    zeros = [c for c in range(0x110000) if unicodedata.decimal(chr(c), -1) == 0]
    emit("kDecimalZeros", "uint32_t", zeros)

    many = []
    for name, convert in [("kUpper", str.upper), ("kLower", str.lower),
                          ("kTitle", str.title), ("kFold", str.casefold)]:
        single = []
        for code in range(0x110000):
            if code in SURROGATES:
                continue
            to = convert(chr(code))
            if to == chr(code):
                continue
            if len(to) > 1:
                many.append((name, code, to))
                continue
            delta = ord(to) - code
            if single:
                first, last, stride, d = single[-1]
                step = code - last
                if d == delta and step in (1, 2) and stride in (0, step):
                    single[-1] = (first, code, step, d)
                    continue
            single.append((code, code, 0, delta))
        rows = [f"{{{f}, {l}, {s or 1}, {d}}}" for f, l, s, d in single]
        emit(name + "Ranges", "CaseRange", rows)
        here = [m for m in many if m[0] == name]
        rows = []
        for _, code, to in here:
            letters = [ord(c) for c in to] + [0] * (3 - len(to))
            rows.append(f"{{{code}, {{{', '.join(map(str, letters))}}}}}")
        emit(name + "Special", "CaseSpecial", rows)


main()
