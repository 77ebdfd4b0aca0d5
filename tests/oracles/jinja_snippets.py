#!/usr/bin/env python3
"""Compares random template snippets between the driver and transformers' own
environment: the same text, or both fail; and the same undeclared names. The
snippets cover every statement, operator, filter, test, global function and
method that Jinja2 lists at run time, alone, in chains, in expressions of any
depth and in longer templates; the table of how often each was used is printed,
and fewer than 20 uses of any in 5,000 snippets is a failure too. Every
difference is printed; exit 1 if there is one.

    python3 tests/oracles/jinja_snippets.py DRIVER [--count N] [--seed S]

DRIVER is the program built from tests/drivers/jinja_driver.cc. What no two runs
of Jinja2 print alike is left out: memory addresses, lipsum, random, and the
clock (which is compared only down to the minute).
"""

import argparse
import collections
import copy
import json
import random
import re
import subprocess
import sys
import time

import jinja2.meta
from transformers.utils.chat_template_utils import _compile_jinja_template

CONTEXT = {
    "s": "Hello World", "t": "  a,b,,c \n d\te ", "u": "ÀÉîß ΣΑΣ ǆ ﬁ İ 你好 🙂", "e": "",
    "h": "<b a='1'>x & \"y\"</b> <!-- c --> &lt;i&gt; &eacute;", "n": 7, "z": 0, "m": -13,
    "f": 3.75, "g": 1e300, "k": 0.1, "big": 2**63 + 12345, "b": True, "no": False, "nil": None,
    "l": [3, 1, 2], "ls": ["b", "A", "a", "c"], "mix": [1, "a", None, 2.5, True, [1]],
    "ll": [[1, 2], [3, 4], [5]], "lz": [], "d": {"b": 1, "a": 2, "C": 3},
    "dd": {"x": {"y": {"z": [1, {"w": "deep"}]}}, "keys": "own", "_p": 1}, "dz": {},
    "us": [{"name": "ann", "age": 30, "tags": ["x"], "in": {"c": 1}},
           {"name": "Bob", "age": 25, "tags": [], "in": {"c": 2}},
           {"name": "ann", "age": 41, "in": {}}],
    "num": "42", "hex": "0x1F", "flt": " -2.5e3 ", "lines": "one\ntwo\r\n\n  three\n",
    "long": "The quick brown-fox jumps -- over the well-known lazydogwithaverylongname, twice.",
    "link": "see http://example.com/a?b=(c), www.x.org. or mail me@site.net <https://a.b.co>",
    "fmt": "%s-%d", "brace": "{} {0}", "ctl": "\x00\x1f\x7f\u00a0\u2028\ud7ff\ue000é",
}
STRINGS = ["s", "t", "u", "e", "h", "num", "hex", "flt", "lines", "long", "link", "ctl",
           "'abc'", "'a b c'", "\"it's\"", "'ŉ'", "'x' * 3", "s ~ n", "'<b>'|safe", "h|e"]
NUMBERS = ["n", "z", "m", "f", "g", "k", "big", "b", "no", "1", "2.5", "-4", "1_000", "0x1f",
           "3e2", "n * f", "big // 3", "(n / 2)", "2 ** 5", "10 ** 20"]
LISTS = ["l", "ls", "mix", "ll", "lz", "us", "[1, [2, 'x']]", "(1, 2)", "('a',)", "()",
         "range(5)", "range(10, 0, -3)", "d.items()", "d.keys()", "d.values()", "s|list",
         "us|map(attribute='name')", "l|select('odd')", "d|items", "l|reverse"]
DICTS = ["d", "dd", "dz", "us[0]", "{'a': 1, 2: 'b'}", "{1.5: none, true: 'x'}",
         "dict(a=1, b=[2])", "dict(d, z=1)", "{(1, 2): 'tuple'}"]
OTHERS = ["nil", "none", "missing", "us[0].missing", "namespace(a=1)", "cycler('a', 'b')",
          "joiner()", "range", "dict", "s.upper", "loop", "caller", "self"]
PLAIN = STRINGS + NUMBERS + LISTS + DICTS + ["nil", "none", "missing", "true", "false"]

ARGS = {  # per filter: argument lists worth trying
    "attr": ["('upper')", "('a')", "('__class__')", "(1)", "('items')", "('real')"],
    "batch": ["(2)", "(3, 'x')", "(0)", "(linecount=2, fill_with=0)", "('a')", "(2, none)"],
    "center": ["", "(20)", "(width=3)", "('x')", "(21)"],
    "d": ["", "('x')", "('x', true)", "(1, boolean=true)"],
    "default": ["", "('x')", "(default_value=none)", "([], true)", "('x', false)"],
    "dictsort": ["", "(true)", "(false, 'value')", "(by='value', reverse=true)", "(by='x')",
                 "(reverse=true)"],
    "filesizeformat": ["", "(true)", "(binary=false)"],
    "float": ["", "(1.5)", "(default='x')"],
    "format": ["(1)", "(1, 2)", "('a')", "(a=1)", "()", "(n, f)", "(s)", "(l)"],
    "groupby": ["('name')", "('age')", "('missing', default='q')", "('name', case_sensitive=true)",
                "(0)", "('in.c', default=0)", "(none)"],
    "indent": ["", "(2)", "('> ')", "(2, true)", "(width=3, blank=true)", "(first=true)", "(none)"],
    "int": ["", "(5)", "(base=16)", "(0, 0)", "(default='q')", "(7, 8)", "(base=99)", "(0, 2)"],
    "join": ["", "(', ')", "('-', 'name')", "(attribute='age')", "(1)", "(d='|', attribute=0)"],
    "map": ["('upper')", "(attribute='name')", "('default', 'x')", "(attribute='missing', default=1)",
            "('int')", "()", "('nosuch')", "(attribute='in.c')", "('join', '+')", "(attribute=0)",
            "('length')", "('tojson')", "(nope=1)", "('replace', 'a', 'b')"],
    "max": ["", "(true)", "(attribute='age')", "(case_sensitive=true)", "(attribute='name')"],
    "min": ["", "(true)", "(attribute='age')", "(case_sensitive=true)", "(attribute='name')"],
    "reject": ["", "('odd')", "('equalto', 2)", "('none')", "('in', [1, 'a'])", "('nosuch')",
               "('string')", "('gt', 1)"],
    "rejectattr": ["('age')", "('age', 'gt', 28)", "('name', 'equalto', 'ann')", "()", "('missing')",
                   "('in.c', 'defined')"],
    "select": ["", "('odd')", "('equalto', 2)", "('none')", "('in', [1, 'a'])", "('nosuch')",
               "('string')", "('lt', 3)", "('divisibleby', 2)", "('defined')"],
    "selectattr": ["('age')", "('age', 'gt', 28)", "('name', 'equalto', 'ann')", "()", "('missing')",
                   "('tags', 'defined')", "('name', 'in', ['ann'])"],
    "replace": ["('a', 'b')", "('l', 'L', 1)", "('', '-')", "('', '-', 3)", "(1, 2)",
                "('o', '<', count=none)", "(old='e', new='')", "('x')", "('\n', ' ')"],
    "round": ["", "(1)", "(2, 'ceil')", "(method='floor')", "(-1)", "(0, 'bad')", "(-1, 'ceil')",
              "(precision=none)", "(20)"],
    "slice": ["(2)", "(3, 'x')", "(0)", "(slices=4)", "(-1)", "('a')"],
    "sort": ["", "(true)", "(case_sensitive=true)", "(attribute='age')", "(attribute='name,age')",
             "(reverse=true, attribute='name')", "(attribute=0)"],
    "sum": ["", "('age')", "(attribute='age')", "(start=10)", "(start=[])", "(start='')", "(start=0.5)"],
    "tojson": ["", "(indent=2)", "(ensure_ascii=true)", "(sort_keys=true)", "(separators=(',', ':'))",
               "(indent=0)", "(indent='\t')", "(true, 1)", "(indent=3, separators=('; ', '='))",
               "(indent=none)", "(separators=',')"],
    "trim": ["", "(' a')", "('Hd')", "(none)", "(1)", "(chars='\n ')"],
    "truncate": ["", "(5)", "(9, true)", "(9, false, '…')", "(3, true, '', 0)", "(2)",
                 "(length=6, leeway=0)", "(10, end='>>')"],
    "unique": ["", "(true)", "(attribute='name')", "(case_sensitive=true, attribute='name')"],
    "urlize": ["", "(10)", "(nofollow=true)", "(target='_blank')", "(rel='me a')",
               "(extra_schemes=['tel:', 'x:'])", "(extra_schemes=['x'])", "(4, true, 't', 'r')"],
    "wordwrap": ["", "(10)", "(7, false)", "(10, true, '|')", "(width=12, break_on_hyphens=false)",
                 "(0)", "(5, wrapstring='<br>')", "(1)"],
    "xmlattr": ["", "(false)", "(autospace=true)"],
}
TEST_ARGS = {
    "divisibleby": ["(2)", " 3", "(0)", "(num=5)", "('a')"],
    "sameas": ["(none)", " true", " false", "(nil)", "(7)", "(l)", "(missing)"],
    "in": ["([1, 7, 'a'])", "(s)", "(d)", " l", "(5)", "(seq=ls)", "(range(9))"],
}
for name in ("==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", "ge", ">=", "<", "lt",
             "lessthan", "<=", "le"):
    TEST_ARGS[name] = ["(7)", "('a')", "(none)", "(l)", "(2.5)", "(n)", "(s)", "([3, 1, 2])", "()"]

METHODS = {
    str: {
        "capitalize": ["()"], "casefold": ["()"], "center": ["(15)", "(14, '*')", "(9, 'ab')", "()"],
        "count": ["('l')", "('')", "('l', 3)", "('o', 0, -5)", "(1)"],
        "endswith": ["('d')", "(('x', 'd'))", "('l', 0, 4)", "('')", "(1)"],
        "expandtabs": ["()", "(4)", "(tabsize=0)", "(-1)"],
        "find": ["('o')", "('o', 5)", "('zz')", "('', 99)", "('l', -3, -1)"],
        "format": ["(1, 2)", "('a')", "()", "(a=1)"], "format_map": ["({'a': 1})", "(d)", "()"],
        "index": ["('o')", "('zz')", "('l', 4)"], "isalnum": ["()"], "isalpha": ["()"],
        "isascii": ["()"], "isdecimal": ["()"], "isdigit": ["()"], "isidentifier": ["()"],
        "islower": ["()", "(1)"], "isnumeric": ["()"], "isprintable": ["()"], "isspace": ["()"],
        "istitle": ["()"], "isupper": ["()"], "join": ["(ls)", "('xyz')", "(l)", "([])", "(d)", "()"],
        "ljust": ["(15)", "(14, '*')", "(2)"], "lower": ["()"],
        "lstrip": ["()", "(' aH')", "(none)", "('')"],
        "maketrans": ["('ab', 'xy')", "({'a': 'b', 99: none})", "('abc', 'xyz', 'd')", "('a')"],
        "partition": ["(' ')", "(',')", "('')", "('zz')"], "removeprefix": ["('He')", "('')", "('x')"],
        "removesuffix": ["('ld')", "('')", "('x')"],
        "replace": ["('l', 'L')", "('', '.')", "('o', '', 1)", "('l', 'L', -1)", "('a')",
                    "('l', 'L', count=1)"],
        "rfind": ["('o')", "('l', 0, 5)", "('zz')"], "rindex": ["('o')", "('zz')"],
        "rjust": ["(15)", "(14, '*')"], "rpartition": ["(' ')", "(',')", "('zz')"],
        "rsplit": ["()", "(',')", "(none, 1)", "(',', 1)", "(maxsplit=2)", "(sep=' ')"],
        "rstrip": ["()", "('d ')", "(none)"],
        "split": ["()", "(',')", "(none, 1)", "(',', 1)", "(maxsplit=2)", "('')", "(sep=' ', maxsplit=0)",
                  "('\n')", "(1)"],
        "splitlines": ["()", "(true)", "(keepends=false)"],
        "startswith": ["('H')", "(('x', 'H'))", "('l', 2)", "('')", "(['H'])"],
        "strip": ["()", "(' Hd')", "(none)", "('')", "(1)"], "swapcase": ["()"], "title": ["()"],
        "translate": ["({72: 'J', 108: none})", "({})", "(s.maketrans('l', 'L'))", "('abc')"],
        "upper": ["()"], "zfill": ["(15)", "(3)", "('a')"],
        "encode": ["()", "('ascii')", "('latin-1')", "().decode()", "()|list", "()[0]", "('nope')",
                   "('ascii', 'ignore')", "('latin-1', errors='backslashreplace')",
                   "('ascii', 'xmlcharrefreplace')", "('latin-1', 'replace').decode('utf8', 'replace')"],
    },
    list: {"append": ["(1)"], "clear": ["()"], "copy": ["()"], "count": ["(1)", "('a')"],
           "extend": ["([1])"], "index": ["(1)", "(2, 1)", "('zz')"], "insert": ["(0, 1)"],
           "pop": ["()"], "remove": ["(1)"], "reverse": ["()"], "sort": ["()"]},
    tuple: {"count": ["(1)", "('a')"], "index": ["(1)", "('a')", "(9)"]},
    dict: {"clear": ["()"], "copy": ["()"], "fromkeys": ["([1, 2])", "('ab', 0)"],
           "get": ["('a')", "('zz')", "('zz', 5)", "([])", "()"], "items": ["()", "()|list"],
           "keys": ["()", "()|list"], "pop": ["('a')"], "popitem": ["()"],
           "setdefault": ["('a', 1)"], "update": ["({})"], "values": ["()", "()|list"]},
    int: {"as_integer_ratio": ["()"], "bit_count": ["()"], "bit_length": ["()"],
          "conjugate": ["()"], "from_bytes": ["([1, 2], 'little')", "('é'.encode())", "([255], signed=true)", "([300])"],
          "to_bytes": ["()", "(1)", "(9, 'little')", "(length=2, signed=true)", "(0)"],
          "real": [""], "imag": [""], "numerator": [""], "denominator": [""]},
    float: {"as_integer_ratio": ["()"], "conjugate": ["()"], "fromhex": ["('0x1.8p+1')", "(' -a.b ')", "('zz')", "('0x1p5000')"],
            "hex": ["()"], "is_integer": ["()"], "real": [""], "imag": [""]},
}
SUBJECTS = {
    str: STRINGS, list: ["l", "ls", "mix", "ll", "lz", "us", "[1, 'a']"],
    tuple: ["(1, 2)", "('a',)", "()", "(1, 'a', none)"], dict: DICTS,
    int: ["n", "m", "z", "big", "b", "255", "-1"], float: ["f", "g", "k", "2.0", "-0.5", "1e22"],
}
FORMATS = ["'%s|%r|%a'", "'%5d|%-5d|%05d'", "'%+.2f %e %G'", "'%x %X %o %#x'", "'%c%%'", "'%(a)s %(b)5.1f'",
           "'%*d'", "'%.3s'", "'%i %u'", "'% d'", "'%s'", "'%q'", "'%'", "'%-10s|'", "'%08.3f'", "'%r'",
           "'%#.3g'", "'%.0f'", "'%10.4s|'"]
FORMAT_VALUES = ["1", "(1, 2, 3)", "(1.5, 2.25)", "s", "(s, u, h)", "d", "{'a': 'x', 'b': 2}", "l", "big", "nil",
                 "missing", "(65, 'x')", "(5, 42)", "f", "(n,)", "(255, 255, 8, 255)", "(-3.7,)", "true"]
SPECS = ["{}", "{0}{1}", "{:>10}", "{:*^12}|", "{:05d}", "{:,}", "{:_}", "{:x}", "{:#b}", "{:+.3f}", "{:e}",
         "{:%}", "{!r}", "{!s:>9}", "{!a}", "{a}", "{a.b}", "{0[0]}", "{0[a]}", "{0.upper}", "{:{}}", "{:c}",
         "{{}}", "{", "}", "{:.2}", "{:10.3}", "{:g}", "{:n}", "{0:<5}|{0:=8}", "{:<08}", "{:08,.1f}", "{:Z}",
         "{0.real}", "{0.__class__}", "{a[b]}", "{:,.2f}", "{: }", "{:z.1f}", "{:^9s}|", "{:.0f}", "{:G}",
         "{!x}", "{0} {}", "{} {0}", "{:#.3g}", "{:_x}"]
SPEC_VALUES = ["1", "s", "f", "big", "u, n", "l", "d", "nil", "n, 5", "a=s", "a=d", "a={'b': 1}", "missing", "b",
               "m, 8", "g", "-0.04", "65", "12345.678", "'abc', 7", "255", "2.0", "1e16", "h|e", "0"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
STATEMENTS = {
    "for": ["{% for x in @L %}{{ x }};{% endfor %}",
            "{% for x in @L %}{{ loop.index }}/{{ loop.length }} {{ x }},{% else %}none{% endfor %}",
            "{% for a, b in @D.items() %}{{ a }}={{ b }} {% endfor %}",
            "{% for x in @L if x is @T %}{{ loop.index0 }}{{ x }}{% endfor %}",
            "{% for x in @L %}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }}{% endfor %}",
            "{% for x in @L %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }}|{% endfor %}",
            "{% for x in @L %}{{ loop.cycle('a', @P) }}{{ loop.changed(x) }}{{ loop.depth }}{% endfor %}",
            "{% for x in [1, [2, [3]], 4] recursive %}{% if x is iterable %}[{{ loop(x) }}]{% else %}{{ x }}@{{ loop.depth0 }}{% endif %}{% endfor %}",
            "{% for x in @P %}{% for y in @L %}{{ loop.index }}{{ y }}{% endfor %}{{ loop.index }}{% endfor %}",
            "{% for a, b in @L %}{{ a }}{{ b }}{% endfor %}{{ a }}",
            "{% for x in @L if @P %}{{ loop }}{% endfor %}",
            "{% for x in us recursive %}{{ x.name }}{{ loop([]) }}{% else %}-{% endfor %}"],
    "break": ["{% for x in @L %}{% if loop.index > 2 %}{% break %}{% endif %}{{ x }}{% endfor %}",
              "{% for x in @L %}{% break %}{% else %}E{% endfor %}", "{% break %}",
              "{% for x in l %}{% set y %}{% break %}{% endset %}{{ y }}{% endfor %}"],
    "continue": ["{% for x in @L %}{% if x is @T %}{% continue %}{% endif %}{{ x }}{% else %}E{% endfor %}",
                 "{% for x in l %}{% continue %}{% else %}E{% endfor %}"],
    "if": ["{% if @P %}A{% elif @P is @T %}B{% else %}C{% endif %}", "{% if not @P %}x{% endif %}y",
           "{% if @P == @P %}1{% elif @P %}2{% endif %}"],
    "set": ["{% set x = @P %}{{ x }}", "{% set a, b = @L %}{{ a }}{{ b }}",
            "{% set x %}a{{ @P }}{% endset %}{{ x|upper }}", "{% set x | upper | trim %} a{{ @P }}{% endset %}[{{ x }}]",
            "{% set ns = namespace(c=0) %}{% for x in @L %}{% set ns.c = ns.c + 1 %}{% endfor %}{{ ns.c }}",
            "{{ n }}{% set n = 1 %}{{ n }}{% for i in l %}{% set n = i %}{{ n }}{% endfor %}{{ n }}",
            "{% if @P %}{% set q = 1 %}{% endif %}{{ q }}", "{% set s.x = 1 %}", "{% set x = 1, 2 %}{{ x }}",
            "{% set ns = namespace(@D) %}{{ ns.a }}{% set ns.a, y = @L %}{{ ns.a }}", "{% set ns = namespace(_x=1) %}"],
    "macro": ["{% macro m(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m(@P) }}{{ m(1, c=@P) }}",
              "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, @P, z=@P) }}",
              "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(@P, @P) }}", "{% macro m(a) %}{{ q }}{% set q = a %}{{ q }}{% endmacro %}{{ m(1) }}{{ q }}{{ m.name }}{{ m.arguments }}{{ m }}",
              "{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(n) }}",
              "{% for i in l %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
              "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m() }}{{ m(b=@P) }}{{ m(*@L) }}{{ m(**@D) }}"],
    "call": ["{% macro m(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) m(@P) %}{{ y }}!{% endcall %}",
             "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}a{{ @P }}{% endcall %}{{ m() }}",
             "{% call s.upper() %}x{% endcall %}", "{% call n %}{% endcall %}",
             "{% macro m(caller=none) %}{{ caller() if caller else 'no' }}{% endmacro %}{{ m() }}{% call m() %}c{% endcall %}"],
    "filter": ["{% filter upper %}a{{ @P }}{% endfilter %}", "{% filter replace('a', 'b')|trim %} aa {% endfilter %}",
               "{% filter length %}abc{% endfilter %}", "{% filter indent(2, true) %}a\nb{{ @S }}{% endfilter %}"],
    "with": ["{% with a = @P, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}",
             "{% with a = 1 %}{% with b = a %}{{ a }}{{ b }}{% endwith %}{% endwith %}",
             "{% set n = 5 %}{% with n = 6, o = n %}{{ n }}{{ o }}{% endwith %}"],
    "raw": ["{% raw %}{{ x }}{% if %}{% endraw %}{{ @P }}", "a {%- raw -%} {{ }} {%- endraw -%} b", "{% raw %}\n x{% endraw %}\ny"],
    "comment": ["a{# c #}b{#- d -#} c", "  {# x #}\n{{ @P }}", "{# {{ @P }} #}{##}"],
    "block": ["{% block a %}x{{ s }}{% endblock %}{{ self.a() }}", "{% set q = 1 %}{% block a %}{{ q }}{% endblock a %}",
              "{% for i in l %}{% block a scoped %}{{ i }}{{ loop.index }}{% endblock %}{% endfor %}",
              "{% for i in l %}{% block a %}{{ i }}{% endblock %}{% endfor %}", "{% block a required %}{% endblock %}",
              "{% block a %}{{ super() }}{% endblock %}", "{% macro m() %}M{% endmacro %}{% block a %}{{ m() }}{% set m = 2 %}{{ m }}{% endblock %}{{ self }}"],
    "autoescape": ["{% autoescape true %}{{ h }}{{ @P }}{{ '<i>'|safe }}{{ h ~ '<' }}{% endautoescape %}{{ h }}",
                   "{% autoescape false %}{{ h }}{% endautoescape %}", "{% autoescape true %}{{ ls|join('<') }}{{ h|replace('<', '>') }}{% endautoescape %}",
                   "{% autoescape true %}{% set x %}{{ h }}{% endset %}{{ x }}{{ @S|e }}{{ @S + '<' }}{% endautoescape %}"],
    "print": ["{% print @P %}", "{% print @P, @P %}", "{% print %}"],
    "generation": ["a{% generation %}b{{ @P }}{% endgeneration %}c", "{% generation %}{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}"],
    "include": ["{% include 'x' %}", "{% if no %}{% include s %}{% endif %}ok", "{% include 'x' ignore missing %}"],
    "import": ["{% import 'x' as y %}", "{% if no %}{% from 'x' import a, b as c with context %}{% endif %}ok{{ c }}"],
    "extends": ["{% extends 'x' %}", "{% if no %}{% extends 'x' %}{% endif %}ok", "{% for i in l %}{% extends 'x' %}{% endfor %}"],
    "do": ["{% do l.append(1) %}", "{% nosuch %}", "{% endif %}", "{% if x %}", "{{ x", "{% for %}", "{{ }}", "{{ 1 2 }}"],
    "space": ["  {%- if b -%}  x  {%- endif -%}  y", "\n  {% if b %}\n  x\n  {% endif %}\n  y\n", "a\n{%+ if b %}x{% endif +%}\nz",
              "  {{- @P -}}  !", "x  {%+ set q = 1 %}\n\n y", "\t{% if b %}\t{% endif %}\t\n\n", " a {{ @P }}\n{% set x = 1 -%}\n\n b",
              "{% if b +%}\n x{% endif %}\r\ny\rz\n\n", "{#- a #}\n b {#+ c -#}\n d"],
    "globals": ["{{ range(@N) }}{{ range(1, 9, 2)|list }}", "{{ dict(a=@P) }}{{ dict([(1, 2)]) }}{{ dict(@P) }}",
                "{% set c = cycler('a', @P) %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}",
                "{% set j = joiner('|') %}{{ j() }}a{{ j() }}b", "{{ namespace(a=@P) }}{{ namespace({'x': 1}).x }}",
                "{{ lipsum(0) }}{{ lipsum(n=0, html=false) }}", "{{ raise_exception(@P) }}", "{{ strftime_now('%Y-%m-%d %H %% %b') }}",
                "{{ dict.fromkeys([1, 2], @P) }}", "{{ range(10**6) }}", "{{ range(@I, @I) }}{{ range(@I, @I, @I)|list|length }}", "{{ joiner }}{{ cycler }}"],
    "slice": ["{{ @S[1:3] }}{{ @S[::-1] }}{{ @S[-3:] }}", "{{ mix[@N:@N] }}", "{{ ls[::@N] }}", "{{ u[@N:] }}", "{{ @S[@N] }}{{ @L[@N] }}",
              "{{ @V[1:] }}", "{{ @L[:-1] }}{{ @L[::2] }}", "{{ range(10)[2:8:3] }}", "{{ @V[none:none] }}{{ @V[@I:@I:@I] }}", "{{ s[:, 1] }}"],
    "attribute": ["{{ @P.a }}{{ @P['a'] }}", "{{ dd.x.y.z[1].w }}{{ dd.keys }}{{ dd['keys'] }}", "{{ @P.b.c }}", "{{ @L.0 }}{{ @D.0 }}",
                  "{{ @P.__class__ }}{{ @P._p }}", "{{ us[0]['name'].upper() }}", "{{ @P[@P] }}", "{{ @D.items }}" if False else "{{ @D.a }}",
                  "{{ us|groupby('name')|map(attribute='grouper')|join }}{{ (us|groupby('name')|first).list|length }}"],
    "inline if": ["{{ @P if @P else @P }}", "{{ @P if @P }}", "{{ (@P if no) is defined }}{{ 1 if no else 2 if nil else 3 }}"],
    "operator": ["{{ @P %s @P }}" % op for op in BINARY] + ["{{ not @P }}", "{{ -@P }}{{ +@P }}", "{{ 1 < @P < 9 }}", "{{ @N == @N != @N }}",
                 "{{ @N ** @N }}" if False else "{{ @N ** 2 }}", "{{ @S * @N }}" if False else "{{ @S * 3 }}", "{{ @L + @L }}", "{{ @S + @S }}", "{{ @N + @N }}{{ @N * @N }}",
                 "{{ @N / @N }}", "{{ @N // @N }}{{ @N % @N }}", "{{ @S < @S }}{{ @L < @L }}", "{{ @S in @S }}", "{{ @P ~ @P ~ @P }}",
                 "{{ @N - @N }}{{ -@N ** 2 }}", "{{ @P in @L }}{{ @P not in @D }}"],
    "literal": ["{{ [@P, (@P,), {'k': @P}] }}", "{{ 'a' 'b' \"c\\n\\x41\\u00e9\\'\" }}", "{{ 0b101 + 0o17 + 1_0 }}{{ 1.5e-3 }}{{ .5 }}", "{{ {} }}{{ [] }}{{ () }}{{ (1,) }}",
                "{{ True and None }}{{ none }}{{ '\\q\\101\\t' }}", "{{ {@P: @P} }}", "{{ 1e999 }}{{ -0.0 }}{{ 1e16 }}{{ 123456789012345678 }}{{ 1e-5 }}"],
}


GLOBALS = {  # per function of the environment: what it is called with
    "range": ["(@N)", "(@I, @I)", "(1, @N, 2)", "(@P)", "(5).index(2)", "(9)[@I]", "(3).count(1)", "(7, 1, -2).step", "()"],
    "dict": ["(a=@P)", "(@D)", "(@D, a=@P)", "([(1, @P)])", "(@L)", "()", ".fromkeys(@L, @P)"],
    "lipsum": ["(0)", "(n=0, html=false)", "(n=0, min=1, max=2)", "(0, 1, 2, 3, 4)"],
    "cycler": ["('a', @P).next()", "(*@L).current", "()", "(@P)|string|length > 5", "('a', 'b').reset()"],
    "joiner": ["()()", "(@P)()", "('a', 'b')", "(sep=@S)|string|length > 5"],
    "namespace": ["(a=@P).a", "(@D).a", "(@P)", "(@D, a=@P)['a']", "().missing", "([('q', @P)]).q"],
    "raise_exception": ["(@P)", "()", "(message=@S)", "(@S) if no else 1"],
    "strftime_now": ["('%Y-%m-%d')", "(@S)|length > 1 if no else 2", "('%%%j %H')", "()", "('%d %B %y, %A %a %b %p %I')", "('é%n%t|%e')"],
}
LOOP = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem",
        "cycle('x', @P)", "changed(x)", "changed(@P)", "changed()", "cycle()", "missing", "_x", "index.real", "length + @N"]
BYTES = ["decode()", "hex()", "decode('ascii')", "decode('latin-1')", "decode('utf-8', 'ignore')", "nosuch", "decode()|upper"]
OBJECTS = ["d.keys().isdisjoint(@L)", "d.items().isdisjoint(@L)", "d.keys() | list", "d.keys() == {'b': 1}.keys()",
           "(@S|safe).striptags()", "(@S|e).unescape()", "('<'|safe).escape(@S)", "range(9).start", "range(4)[1:] == range(1, 4)",
           "(n).real.imag", "self", "(@S|safe) + @S", "(@S|safe) * 2", "(@S|safe) % @P", "(@S|safe)[1:3]", "(@S|safe).join(@L)", "@S ~ (@S|safe)"]
EXPRESSIONS = ["@P", "@P", "@P", "(@X) if (@X) else (@X)", "(@X)|@F", "(@X)|@F", "(@X) is @T", "[@X, @X]", "{'k': @X}", "(@X, @X)", "(@X) @B (@X)",
               "(@X) @B (@X)", "not (@X)", "(@X)[@N]", "(@X)[@I:@I]", "(@X).a", "(@X)|string", "(@X)|list|@F", "(@X) ~ (@X)", "(@X) @B (@X) @B (@X)"]


# Print their address, which what stands around them may show in any disguise.
LAZY = ("batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "unique")


def spelled_out(source):
    """SOURCE with a list in place of each operand that is lazy."""
    return re.sub(r"\b(us\|map\(attribute='name'\)|l\|select\('odd'\)|d\|items|l\|reverse)", r"(\1|list)", source)


def expression(rng, filters, depth=0):
    """An expression of random depth, every operand of which may be one too."""
    source = rng.choice(EXPRESSIONS if depth < 3 else EXPRESSIONS[:3])
    while "@X" in source:
        source = source.replace("@X", expression(rng, filters, depth + 1), 1)
    while "@F" in source:
        source = source.replace("@F", filter_call(rng, rng.choice(filters)), 1)
    while "@B" in source:
        source = source.replace("@B", rng.choice([op for op in BINARY if op != "**"]), 1)
    return fill(rng, source) if depth else spelled_out(fill(rng, source))


def filter_call(rng, name, lazy=False):
    arguments = rng.choice(ARGS.get(name, ["", "", "", "()", "(1)"]))
    return name + arguments + ("|list" if name in LAZY and not lazy else "")


def fill(rng, source):
    pools = {"@I": ["n", "z", "m", "b", "1", "-4", "(n // 2)"],
             "@V": ["s", "u", "l", "mix", "d", "nil", "n", "f", "missing", "ls", "lz", "e"],
             "@P": PLAIN, "@L": LISTS, "@D": DICTS, "@S": STRINGS, "@N": NUMBERS,
             "@T": ["string", "number", "defined", "none", "odd", "mapping", "true"]}
    while "@" in source:
        at = source.index("@")
        key = source[at:at + 2]
        if key not in pools:
            source = source[:at] + "\0" + source[at + 1:]
            continue
        source = source[:at] + rng.choice(pools[key]) + source[at + 2:]
    return source.replace("\0", "@")


def show(rng, expression):
    return rng.choice(["{{ %s }}", "{{ (%s)|list }}", "{{ (%s)|tojson }}", "{{ (%s) is string }}",
                       "{{ %s }}", "{{ %s }}", "[{{- %s -}}]"]) % expression


def kinds_of_snippets(env):
    """Those that are drawn in turn, and those that share the rest by chance."""
    required = ([("filter", name) for name in sorted(env.filters)]
                + [("test", name) for name in sorted(env.tests)]
                + [("statement", name) for name in STATEMENTS]
                + [("global", name) for name in sorted(env.globals)]
                + [("method", (t, name)) for t, names in METHODS.items() for name in names])
    others = (["percent", "spec"] * 3 + ["operator"] * 4 + ["chain", "expression", "template"] * 4
              + ["markup", "objects"] * 3 + ["bytes", "loop"] * 2)
    return required, others


def filter_snippet(rng, name):
    subject = rng.choice(PLAIN + OTHERS[:6])
    if rng.random() < 0.5:  # what the filter is for
        good = {"xmlattr": DICTS, "dictsort": DICTS, "items": DICTS, "urlencode": STRINGS + DICTS,
                "abs": NUMBERS, "round": NUMBERS, "filesizeformat": NUMBERS, "format": FORMATS}
        subject = rng.choice(good.get(name, STRINGS if name in (
            "capitalize", "center", "e", "escape", "forceescape", "indent", "lower", "replace", "safe", "striptags",
            "title", "trim", "truncate", "upper", "urlize", "wordcount", "wordwrap", "string") else LISTS))
    if name == "wordcount":  # would count the words of an address
        subject = rng.choice(STRINGS + NUMBERS + DICTS)
    if name == "random":
        subject = rng.choice(["[1]", "'a'", "(s[:1])", "[]", "5", "nil", "missing", "d", "''"])
    return show(rng, f"({subject})|{filter_call(rng, name, lazy=True)}")


def test_snippet(rng, name):
    subject = rng.choice(PLAIN + OTHERS)
    argument = rng.choice(TEST_ARGS.get(name, ["", "", "", "", "()", "(1)"]))
    if name[0].isalpha():
        negation = rng.choice(["", "", "not "])
        return "{{ (%s) is %s%s%s }}" % (subject, negation, name, argument)
    return "{{ [%s]|select('%s', %s)|list|length }}" % (subject, name, argument.strip("()") or "1")


def other_snippet(rng, kind, filters, uses):
    uses["other", kind] += 1
    if kind == "percent":
        return "{{ %s %% %s }}" % (rng.choice(FORMATS), rng.choice(FORMAT_VALUES))
    if kind == "spec":
        return "{{ '%s'.format(%s) }}" % (rng.choice(SPECS), rng.choice(SPEC_VALUES))
    if kind == "operator":
        return fill(rng, rng.choice(STATEMENTS["operator"]))
    if kind == "chain":
        names = [rng.choice(filters) for _ in range(rng.randint(2, 4))]
        for name in names:
            uses["filter", name] += 1
        return show(rng, "(%s)|%s" % (spelled_out(rng.choice(PLAIN)), "|".join(filter_call(rng, name) for name in names)))
    if kind == "expression":
        return show(rng, expression(rng, filters))
    if kind == "template":
        names = [rng.choice([name for name in STATEMENTS if name not in ("do", "extends", "include", "import")])
                 for _ in range(rng.randint(2, 4))]
        return rng.choice(["", "\n", " \n  "]).join(fill(rng, rng.choice(STATEMENTS[name])) for name in names)
    if kind == "loop":
        inner = "{%% for x in @L %%}{{ loop.%s }};{{ loop.%s }},{%% endfor %%}" % (rng.choice(LOOP), rng.choice(LOOP))
        return fill(rng, rng.choice([inner, "{% for y in ll %}" + inner + "{{ loop.index }}{% endfor %}"]))
    if kind == "markup":
        method = rng.choice(sorted(METHODS[str]))
        return "{{ (%s|%s).%s%s }}" % (rng.choice(STRINGS), rng.choice(["safe", "e"]), method, rng.choice(METHODS[str][method]))
    if kind == "bytes":
        return show(rng, fill(rng, "(@S).encode().%s" % rng.choice(BYTES)))
    return show(rng, fill(rng, rng.choice(OBJECTS)))


def snippets(rng, count, uses):
    env = _compile_jinja_template("").environment
    required, others = kinds_of_snippets(env)
    # "random" is no two runs' own; wordcount counts the words of an address.
    filters = [name for name in sorted(env.filters) if name not in ("random", "wordcount")]
    turn = 0
    for number in range(count):
        if number % 10 == 9:
            yield other_snippet(rng, rng.choice(others), filters, uses)
            continue
        kind, name = required[turn % len(required)]
        turn += 1
        if kind == "method":
            which, method = name
            uses[which.__name__, method] += 1
            yield show(rng, f"({rng.choice(SUBJECTS[which])}).{method}{rng.choice(METHODS[which][method])}")
            continue
        uses[kind, name] += 1
        if kind == "filter":
            yield filter_snippet(rng, name)
        elif kind == "test":
            yield test_snippet(rng, name)
        elif kind == "global":
            yield show(rng, fill(rng, name + rng.choice(GLOBALS[name])))
        else:
            yield fill(rng, rng.choice(STATEMENTS[name]))


def expected(source):
    try:
        template = _compile_jinja_template(source)
    except Exception as error:
        return None, None, f"{type(error).__name__}: {error}"
    names = sorted(jinja2.meta.find_undeclared_variables(template.environment.parse(source)))
    try:
        return template.render(**copy.deepcopy(CONTEXT)), names, None
    except Exception as error:
        return None, names, f"{type(error).__name__}: {error}"


def has_address(text):
    """Also where a filter has pulled the letters apart."""
    return " at 0x" in text.lower() or "at0x" in re.sub("[^a-z0-9]", "", text.lower().replace("\\n", ""))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=20261121)
    options = parser.parse_args()
    driver = subprocess.Popen([options.driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, encoding="utf-8")
    rng = random.Random(options.seed)
    uses = collections.Counter()
    seen = collections.Counter()
    print(f"seed {options.seed}, {options.count} snippets")
    for source in snippets(rng, options.count, uses):
        want, names, failure = expected(source)
        if want is not None and has_address(want):
            seen["address, left out"] += 1
            continue
        request = {"template": source, "context": CONTEXT, "now": int(time.time())}
        driver.stdin.write(json.dumps(request) + "\n")
        driver.stdin.flush()
        got = json.loads(driver.stdout.readline())
        same = got.get("text") == want if failure is None else "error" in got
        if same and names != got.get("undeclared"):
            same = False
        seen["same text" if same and failure is None else "both fail" if same else "DIFFERENT"] += 1
        if not same:
            print(f"--- {source!r}\noracle {want!r} {failure} {names}\ndriver {got}")
    for (kind, name), number in sorted(uses.items()):
        print(f"{kind:10} {name:22} {number}")
    enough = 20 * min(1, options.count / 5000)
    few = [use for use, number in uses.items() if number < enough]
    print(f"total: {dict(seen)}; used fewer than {enough:g} times: {few}")
    sys.exit(1 if seen["DIFFERENT"] or few else 0)


if __name__ == "__main__":
    main()
