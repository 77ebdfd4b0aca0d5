#!/usr/bin/env python3
"""Writes src/jinja/cases.json, the table that src/jinja/cases_test.cc renders:
templates of our own, each with what transformers' environment (Jinja2) made of
it, or that it failed. Some are written below, after idioms that published chat
templates share; the others are drawn from jinja_snippets.py with a fixed seed.

    python3 tests/oracles/make_jinja_cases.py > src/jinja/cases.json
"""

import collections
import copy
import json
import random

import jinja_snippets

MESSAGES = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": " Hi <b>é</b> "},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": {
            "name": "add", "arguments": {"a": 1, "b": [2.5, None, "x"]}}}]},
    {"role": "tool", "content": "3.5", "tool_call_id": "c1"},
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\n3.5"},
    {"role": "user", "content": [{"type": "text", "text": "more"}, {"type": "image"}]},
]
TOOLS = [{"type": "function", "function": {
    "name": "add", "description": "Adds", "parameters": {
        "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "array"}},
        "required": ["a"]}}}]
IDIOMS = [
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + (m['content'] or '')|string + '<|end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set sys = messages[0]['content'] %}{% else %}{% set rest = messages %}{% endif %}{{ sys }}{{ rest|length }}",
    "{%- set ns = namespace(last=-1, found=false) -%}\n{%- for m in messages[::-1] %}\n  {%- set i = (messages|length - 1) - loop.index0 %}\n  {%- if not ns.found and m.role == 'user' %}{% set ns.last = i %}{% set ns.found = true %}{% endif %}\n{%- endfor %}{{ ns.last }}",
    "{%- for m in messages %}{%- if m.role == 'assistant' and m.content and '</think>' in m.content %}{{- m.content.split('</think>')[-1].lstrip('\n') }}|{{ m.content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}{%- endif %}{%- endfor %}",
    "{%- macro render(content) -%}{%- if content is string %}{{ content }}{%- elif content is iterable and content is not mapping %}{%- for p in content %}{%- if p.type == 'text' or 'text' in p %}{{ p.text }}{%- else %}<|{{ p['type'] }}|>{%- endif %}{%- endfor %}{%- elif content is none %}{%- else %}{{ raise_exception('bad content') }}{%- endif %}{%- endmacro %}{% for m in messages %}{{ render(m.content)|trim }};{% endfor %}",
    "{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls %}{% for c in m.tool_calls %}{% if c.function is defined %}{% set c = c.function %}{% endif %}<tool_call>\n{\"name\": \"{{ c.name }}\", \"arguments\": {{ c.arguments|tojson }}}\n</tool_call>{% endfor %}{% endif %}{% endfor %}",
    "{% for t in tools %}{{ t|tojson(indent=4) }}\n{% endfor %}{{ tools|map(attribute='function')|map(attribute='name')|join(', ') }}",
    "{% for k, v in tools[0].function.parameters.properties.items() %}{{ k }}: {{ v.type|default('any') }}{{ '' if loop.last else ', ' }}{% endfor %}",
    "{% for c in messages[2].tool_calls %}<function={{ c.function.name }}>{% for k, v in c.function.arguments|items %}\n<parameter={{ k }}>\n{{ v if v is string else v|tojson|safe }}\n</parameter>{% endfor %}{% endfor %}",
    "{% set loop_messages = messages %}{% for m in loop_messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% endfor %}",
    "{%- macro kind(spec) -%}{%- if spec.type == 'array' -%}{{ kind(spec['items']) if spec['items'] else 'any' }}[]{%- elif spec.enum -%}{{ spec.enum|map('tojson')|join(' | ') }}{%- else -%}{{ spec.type }}{%- endif -%}{%- endmacro -%}{{ kind({'type': 'array', 'items': {'type': 'array', 'items': {'enum': ['a', 1]}}}) }}",
    "{% set roles = {'user': 'USER: ', 'assistant': 'BOT: '} %}{% for m in messages if m.role in roles %}{{ roles[m.role] }}{{ (m.content if m.content is string else '')|trim }}\n{% endfor %}",
    "{{ messages|selectattr('role', 'equalto', 'user')|list|length }}{{ (messages|rejectattr('role', 'in', ['tool', 'user'])|list)[-1].role }}{{ messages|groupby('role')|map('first')|join('/') }}",
    "{{ messages[0].content.startswith('Be') and not messages[1].content.endswith('x') }}{{ messages|last|attr('items')|string|length > 0 }}",
    "{% if tools is not none and tools|length > 0 %}{{ tools[0].function.name ~ '(' ~ tools[0].function.parameters.required|join ~ ')' }}{% endif %}{{ enable_thinking|default(true) }}{{ (enable_thinking is defined and enable_thinking is false) }}",
    "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% if loop.nextitem is defined and loop.nextitem.role == 'tool' %}>{% endif %}{% if loop.previtem and loop.previtem.role == m.role %}={% endif %}{% endfor %}",
    "{% for m in messages %}{% if m.role == 'tool' %}{% continue %}{% endif %}{% if loop.index > 4 %}{% break %}{% endif %}{{ m.role }},{% endfor %}",
    "{{ messages[1].content|replace('<', '[')|replace('>', ']')|trim|upper }}{{ messages[1]['content'].strip().replace('é', 'e') }}",
    "{{ {'a': messages[0], 'é': [1.0, true, none]}|tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':')) }}",
    "{{ messages[9].content }}", "{{ messages[9] is defined }}{{ messages[-1].nothing is none }}{{ nothing }}", "{{ messages.append(1) }}", "{{ ''.__class__.__mro__ }}",
    "{%- set a -%}\n  {{ bos_token }}  {%- endset -%}\n{{ a|trim }}\n{% raw %}{{ kept }}{% endraw %}\n",
    "{{ 'x'.join(messages|map(attribute='role')) }}{{ messages|map(attribute='content')|select('string')|map('length')|sum }}",
    "{{ ('<b>x</b> &amp; &lt;y'|safe).striptags() }}|{{ ('&lt;i&gt;'|safe).unescape() }}|{{ (''|safe).escape('<') }}",
    "{{ nothing|attr('__class__') }}|{{ nothing.__class__ }}", "{{ nothing|attr('_x') }}", "{{ 0 * ('' ~ 10) }}{{ [] * -1 }}",
    "{{ '<b>x</b>'.striptags() }}", "{{ ('<b>'|safe).striptags(1) }}",
    "{{ '%s has %d' % ('a', 3) }}{{ '{:>6}|{:<4}|{:^5}'.format('ab', 1, 2.5) }}{{ '{0[role]} {1.role}'.format(messages[0], messages[1]) }}",
]


def case(source, context):
    try:
        template = jinja_snippets._compile_jinja_template(source)
        text = template.render(**copy.deepcopy(context))
    except OverflowError:  # a limit, which is another kind of error of ours
        return None
    except Exception:
        return {"template": source, "fails": True}
    return {"template": source, "text": text}


def main():
    chat = {"messages": MESSAGES, "tools": TOOLS, "bos_token": "<s>", "add_generation_prompt": True}
    tables = [{"context": chat, "cases": [case(source, chat) for source in IDIOMS]}]
    drawn = []
    for source in jinja_snippets.snippets(random.Random(3), 1400, collections.Counter()):
        made = case(source, jinja_snippets.CONTEXT)
        if made is None:
            continue
        text = made.get("text", "")
        if ("strftime" in source or jinja_snippets.has_address(text) or len(text) > 400
                or ("fails" in made and len(drawn) % 3)):
            continue
        drawn.append(made)
    tables.append({"context": jinja_snippets.CONTEXT, "cases": drawn})
    print("[")
    for i, table in enumerate(tables):
        print(' {"context": ' + json.dumps(table["context"]) + ',\n  "cases": [')
        rows = ["   " + json.dumps(row, ensure_ascii=True) for row in table["cases"]]
        print(",\n".join(rows))
        print("  ]}" + ("," if i + 1 < len(tables) else ""))
    print("]")


main()
