#!/usr/bin/env python3
"""Writes src/jinja/entities.inc: the named characters of HTML 4 and, for each,
whether HTML 5 reads it without its semicolon, sorted by name.

    python3 tests/oracles/make_jinja_entities.py > src/jinja/entities.inc
"""

import html.entities

print("// Made by tests/oracles/make_jinja_entities.py: name, code, bare.")
print("inline constexpr Entity kEntities[] = {")
names = dict(html.entities.name2codepoint, apos=39)
for name in ("AMP", "LT", "GT", "QUOT", "COPY", "REG"):
    names[name] = ord(html.entities.html5[name])
for name in sorted(names):
    bare = "true" if name in html.entities.html5 else "false"
    print(f'    {{"{name}", {names[name]}, {bare}}},')
print("};")
