"""Writes src/protocol/reply_cases.json: replies in every format of calls, with what they say.

    python3 tests/oracles/make_reply_cases.py > src/protocol/reply_cases.json

The expectation is known before the reply is: each reply is written from a thought, an answer and calls by a few lines per
format, and nothing here parses. A format has a small template of our own, from which the parser has to find it; markers
given as `control` are tokens of its vocabulary. In a reply, what stands between the signs below is spelled in ordinary
bytes, though it looks like a marker.
"""

import json
import random

OPEN, CLOSE = "\u2045", "\u2046"  # bytes only
random.seed(20260718)


def dump(value):
    return json.dumps(value, ensure_ascii=False)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pairs_json(arguments):
    return "{" + ", ".join(f"{dump(k)}: {compact(v)}" for k, v in arguments.items()) + "}"


TURNS = ("{% for m in messages %}<|turn|>{{ m.role }}\n"
         "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
         "{% if m.content %}{{ m.content }}{% endif %}"
         "{% if m.tool_calls %}CALLS{% endif %}<|end|>\n{% endfor %}"
         "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}")
EACH = "{% for c in m.tool_calls %}CALL{% endfor %}"
PAIRS = "{% for k, v in c.function.arguments | items %}PAIR{% endfor %}"
TEXT = "{{ v if v is string else v | tojson }}"


class Format:
    """How calls are written; the subclasses differ in `calls` and `template`."""

    style = "json"  # what arguments are: a JSON value, "pairs", or "literal"
    control = []
    tags = []
    weak = False  # counts only at the beginning, for tools of the request
    single = False
    opener = ""  # how a call begins, for replies that quote it
    cut_tail = ""  # what of a call must be missing for it to be cut
    thought = ("<think>\n", "\n</think>\n\n")
    between = ""  # between thought or answer and calls
    answer = ""  # what opens an answer
    end = "<|end|>"
    id_of = staticmethod(lambda index, name: "")

    def __init__(self, name):
        self.name = name

    def source(self):
        return TURNS.replace("CALLS", self.template)

    def reply(self, thought, content, calls):
        text = ""
        if thought is not None:
            text += self.thought[0] + thought + self.thought[1]
        if content:
            text += self.answer + content
        if calls:
            text += (self.between if content else "") + self.calls(calls)
        return text

    def arguments(self, arguments):
        return dump(arguments) if self.style == "json" else pairs_json(arguments)

    def expected(self, calls):
        return [[self.id_of(i, name), name, self.arguments(arguments)] for i, (name, arguments) in enumerate(calls)]


class JsonTags(Format):
    opener, control = "<tool_call>", ["<tool_call>", "</tool_call>"]
    between = "\n"
    template = EACH.replace("CALL", '\n<tool_call>\n{"name": "{{ c.function.name }}", "arguments": '
                                    "{{ c.function.arguments | tojson }}}\n</tool_call>")

    def calls(self, calls):
        return "\n".join(f'<tool_call>\n{{"name": "{n}", "arguments": {dump(a)}}}\n</tool_call>' for n, a in calls)


class JsonListTags(Format):
    opener = "<tool_calls>"
    template = ("<tool_calls>[{% for c in m.tool_calls %}{{ ', ' if not loop.first }}"
                '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}'
                "{% endfor %}]</tool_calls>")

    def calls(self, calls):
        return "<tool_calls>[" + ", ".join(dump({"name": n, "arguments": a}) for n, a in calls) + "]</tool_calls>"


class JsonBare(Format):
    weak = single = True
    template = ('{"name": "{{ m.tool_calls[0].function.name }}", "parameters": '
                "{{ m.tool_calls[0].function.arguments | tojson }}}")

    def calls(self, calls):
        return dump({"name": calls[0][0], "parameters": calls[0][1]})


class MarkerList(Format):
    opener, control = "[TOOL_CALLS]", ["[TOOL_CALLS]"]
    template = ("[TOOL_CALLS][{% for c in m.tool_calls %}{{ ', ' if not loop.first }}"
                '{{ (c.function | tojson)[:-1] }}, "id": "{{ c.id }}"}{% endfor %}]')
    id_of = staticmethod(lambda index, name: f"abcdef00{index}")

    def calls(self, calls):
        return "[TOOL_CALLS][" + ", ".join(
            dump({"name": n, "arguments": a, "id": self.id_of(i, n)}) for i, (n, a) in enumerate(calls)) + "]"


class MarkerNames(Format):
    opener, control = "[TOOL_CALLS]", ["[TOOL_CALLS]", "[ARGS]"]
    template = EACH.replace("CALL", "[TOOL_CALLS]{{ c.function.name }}[ARGS]{{ c.function.arguments | tojson }}")

    def calls(self, calls):
        return "".join(f"[TOOL_CALLS]{n}[ARGS]{dump(a)}" for n, a in calls)


class MarkerIds(Format):
    opener, control = "[TOOL_CALLS]", ["[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"]
    template = EACH.replace("CALL", "[TOOL_CALLS]{{ c.function.name }}[CALL_ID]{{ c.id }}[ARGS]"
                                    "{{ c.function.arguments | tojson }}")
    id_of = staticmethod(lambda index, name: f"abcdef00{index}")

    def calls(self, calls):
        return "".join(f"[TOOL_CALLS]{n}[CALL_ID]{self.id_of(i, n)}[ARGS]{dump(a)}" for i, (n, a) in enumerate(calls))


class FunctionTag(Format):
    opener = "<function="
    template = EACH.replace("CALL", "<function={{ c.function.name }}>{{ c.function.arguments | tojson }}</function>")

    def calls(self, calls):
        return "".join(f"<function={n}>{dump(a)}</function>" for n, a in calls)


class Recipients(Format):
    """`>>>all` for answers; prompts end with `>>>`."""

    opener = ">>>"
    answer = "all\n"
    thought = None
    end = "<|end|>"

    def source(self):
        return ("{% for m in messages %}<|turn|>{{ m.role }}\n{% if m.role == 'assistant' %}"
                "{% if m.content %}>>>all\n{{ m.content }}{% endif %}"
                "{% for c in m.tool_calls or [] %}>>>{{ c.function.name }}\n{{ c.function.arguments | tojson }}"
                "{% endfor %}{% else %}{{ m.content }}{% endif %}<|end|>\n{% endfor %}"
                "{% if add_generation_prompt %}<|turn|>assistant\n>>>{% endif %}")

    def reply(self, thought, content, calls):
        text = ("all\n" + content) if content else ""
        rest = "".join(f">>>{n}\n{dump(a)}" for n, a in calls)
        return text + (rest if content else rest[3:])


class RecipientTokens(Recipients):
    opener, control = "<|recipient|>", ["<|from|>", "<|recipient|>", "<|content|>"]

    def source(self):
        return ("{% for m in messages %}{% if m.role == 'assistant' %}"
                "{% if m.content %}<|from|>assistant\n<|recipient|>all\n<|content|>{{ m.content }}{% endif %}"
                "{% for c in m.tool_calls or [] %}<|from|>assistant\n<|recipient|>{{ c.function.name }}\n<|content|>"
                "{{ c.function.arguments | tojson }}{% endfor %}<|end|>\n{% else %}<|from|>{{ m.role }}\n<|recipient|>"
                "all\n<|content|>{{ m.content }}\n{% endif %}{% endfor %}"
                "{% if add_generation_prompt %}<|from|>assistant\n<|recipient|>{% endif %}")

    def reply(self, thought, content, calls):
        text = ("all\n<|content|>" + content) if content else ""
        head = "<|from|>assistant\n<|recipient|>"
        rest = "".join(f"{head}{n}\n<|content|>{dump(a)}" for n, a in calls)
        return text + (rest if content else rest[len(head):])


def text_of(value):
    return value if isinstance(value, str) else dump(value)


class PairFormat(Format):
    style = "pairs"


class CoderXml(PairFormat):
    opener, control = "<tool_call>", ["<tool_call>", "</tool_call>"]
    between = "\n"
    template = EACH.replace("CALL", "\n<tool_call>\n<function={{ c.function.name }}>\n" + PAIRS.replace(
        "PAIR", "<parameter={{ k }}>\n" + TEXT + "\n</parameter>\n") + "</function>\n</tool_call>")

    def calls(self, calls):
        return "\n".join(f"<tool_call>\n<function={n}>\n" + "".join(
            f"<parameter={k}>\n{text_of(v)}\n</parameter>\n" for k, v in a.items()) + "</function>\n</tool_call>"
            for n, a in calls)


class ArgPairs(PairFormat):
    opener = "<tool_call>"
    control = ["<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"]
    between = "\n"
    template = EACH.replace("CALL", "\n<tool_call>{{ c.function.name }}\n" + PAIRS.replace(
        "PAIR", "<arg_key>{{ k }}</arg_key>\n<arg_value>" + TEXT + "</arg_value>\n") + "</tool_call>")

    def calls(self, calls):
        return "\n".join(f"<tool_call>{n}\n" + "".join(
            f"<arg_key>{k}</arg_key>\n<arg_value>{text_of(v)}</arg_value>\n" for k, v in a.items()) + "</tool_call>"
            for n, a in calls)


class Invoke(PairFormat):
    opener = "<mini:tool_call>"
    between = "\n"
    template = ("\n<mini:tool_call>\n" + EACH.replace("CALL", '<invoke name="{{ c.function.name }}">\n' + PAIRS.replace(
        "PAIR", '<parameter name="{{ k }}">' + TEXT + "</parameter>\n") + "</invoke>\n") + "</mini:tool_call>")

    def calls(self, calls):
        return "<mini:tool_call>\n" + "".join(f'<invoke name="{n}">\n' + "".join(
            f'<parameter name="{k}">{text_of(v)}</parameter>\n' for k, v in a.items()) + "</invoke>\n"
            for n, a in calls) + "</mini:tool_call>"


class TypedInvoke(PairFormat):
    opener = "<|calls|"
    between = "\n\n"
    template = ("\n\n<|calls|all>\n" + EACH.replace("CALL", '<|calls|invoke name="{{ c.function.name }}">\n' + PAIRS.replace(
        "PAIR", '<|calls|arg name="{{ k }}" string="{{ "true" if v is string else "false" }}">' + TEXT +
                "</|calls|arg>\n") + "</|calls|invoke>\n") + "</|calls|all>")

    def calls(self, calls):
        return "<|calls|all>\n" + "".join(f'<|calls|invoke name="{n}">\n' + "".join(
            f'<|calls|arg name="{k}" string="{"true" if isinstance(v, str) else "false"}">{text_of(v)}</|calls|arg>\n'
            for k, v in a.items()) + "</|calls|invoke>\n" for n, a in calls) + "</|calls|all>"


class FencedSections(Format):
    opener = "<|calls_begin|>"
    control = ["<|calls_begin|>", "<|calls_end|>", "<|call_begin|>", "<|call_end|>", "<|call_sep|>"]
    template = ("<|calls_begin|>{% for c in m.tool_calls %}{{ '\\n' if not loop.first }}<|call_begin|>{{ c.type }}"
                "<|call_sep|>{{ c.function.name }}\n```json\n{{ c.function.arguments | tojson }}\n```<|call_end|>"
                "{% endfor %}<|calls_end|>")

    def calls(self, calls):
        return "<|calls_begin|>" + "\n".join(
            f"<|call_begin|>function<|call_sep|>{n}\n```json\n{dump(a)}\n```<|call_end|>"
            for n, a in calls) + "<|calls_end|>"


class Sections(Format):
    opener = "<|calls_begin|>"
    control = FencedSections.control
    template = ("<|calls_begin|>" + EACH.replace("CALL", "<|call_begin|>{{ c.function.name }}<|call_sep|>"
                "{{ c.function.arguments | tojson }}<|call_end|>") + "<|calls_end|>")

    def calls(self, calls):
        return "<|calls_begin|>" + "".join(
            f"<|call_begin|>{n}<|call_sep|>{dump(a)}<|call_end|>" for n, a in calls) + "<|calls_end|>"


class CountedSections(Sections):
    template = ("<|calls_begin|>{% for c in m.tool_calls %}<|call_begin|>functions.{{ c.function.name }}:"
                "{{ loop.index0 }}<|call_sep|>{{ c.function.arguments | tojson }}<|call_end|>{% endfor %}<|calls_end|>")
    id_of = staticmethod(lambda index, name: str(index))

    def calls(self, calls):
        return "<|calls_begin|>" + "".join(
            f"<|call_begin|>functions.{n}:{i}<|call_sep|>{dump(a)}<|call_end|>"
            for i, (n, a) in enumerate(calls)) + "<|calls_end|>"


class IdSections(CountedSections):
    template = ("<|calls_begin|>" + EACH.replace("CALL", "<|call_begin|>{{ c.id }}<|call_sep|>"
                "{{ c.function.arguments | tojson }}<|call_end|>") + "<|calls_end|>")
    id_of = staticmethod(lambda index, name: f"functions.{name}:{index}")


class Actions(Format):
    opener = "<|ACTION|>"
    control = ["<|ACTION|>", "<|/ACTION|>", "<|THINK|>", "<|/THINK|>", "<|RESPONSE|>", "<|/RESPONSE|>"]
    thought = ("<|THINK|>", "<|/THINK|>")
    answer = "<|RESPONSE|>"
    id_of = staticmethod(lambda index, name: str(index))

    def source(self):
        return ("{% for m in messages %}<|turn|>{{ m.role }}{% if m.role == 'assistant' %}"
                "{% if m.reasoning_content %}<|THINK|>{{ m.reasoning_content }}<|/THINK|>{% endif %}"
                "{% if m.tool_calls %}<|ACTION|>[\n{% for c in m.tool_calls %}"
                '    {"tool_call_id": "{{ loop.index0 }}", "tool_name": "{{ c.function.name }}", "parameters": '
                "{{ c.function.arguments | tojson }}}{{ ',' if not loop.last }}\n{% endfor %}]<|/ACTION|>"
                "{% else %}<|RESPONSE|>{{ m.content }}<|/RESPONSE|>{% endif %}"
                "{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}"
                "{% if add_generation_prompt %}<|turn|>assistant{% endif %}")

    def calls(self, calls):
        return "<|ACTION|>[\n" + ",\n".join("    " + dump(
            {"tool_call_id": str(i), "tool_name": n, "parameters": a}) for i, (n, a) in enumerate(calls)) + "\n]<|/ACTION|>"


class FencedActions(Format):
    opener = "Action:"
    between = "\n"
    template = ("\nAction:\n```json\n[\n{% for c in m.tool_calls %}"
                '    {"tool_name": "{{ c.function.name }}", "parameters": {{ c.function.arguments | tojson }}}'
                "{{ ',' if not loop.last }}\n{% endfor %}]\n```")

    def calls(self, calls):
        return "Action:\n```json\n[\n" + ",\n".join(
            "    " + dump({"tool_name": n, "parameters": a}) for n, a in calls) + "\n]\n```"


class Channels(Format):
    opener = "<|channel|>"
    control = ["<|start|>", "<|channel|>", "<|message|>", "<|call|>", "<|constrain|>"]
    thought = ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant")
    end = ""
    single = True

    def source(self):
        return ("{% for m in messages %}{% if m.role == 'assistant' %}{% if m.reasoning_content %}"
                "<|start|>assistant<|channel|>analysis<|message|>{{ m.reasoning_content }}<|end|>{% endif %}"
                "{% if m.tool_calls %}<|start|>assistant to=functions.{{ m.tool_calls[0].function.name }}"
                "<|channel|>commentary json<|message|>{{ m.tool_calls[0].function.arguments | tojson }}<|call|>"
                "{% else %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>{% endif %}"
                "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
                "{% if add_generation_prompt %}<|start|>assistant{% endif %}")

    def reply(self, thought, content, calls):
        text = ""
        if thought is not None:
            text += self.thought[0] + thought + self.thought[1]
        if content and calls:
            text += "<|channel|>commentary<|message|>" + content + "<|end|><|start|>assistant"
        elif content:
            text += "<|channel|>final<|message|>" + content
        for name, arguments in calls:
            header = random.choice([f" to=functions.{name}<|channel|>commentary json<|message|>",
                                    f"<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>"])
            text += header + dump(arguments) + "<|call|>"
        return text


class HeaderRoles(Format):
    """A role's header stands between thought and answer."""

    opener = "<|calls|>"
    control = ["<|begin|>", "<|think|>", "<|content|>", "<|calls|>", "<|call:begin|>", "<|call:name|>", "<|call:args|>",
               "<|call:end|>"]
    thought = ("<|think|>", "<|end|><|begin|>assistant")
    answer = "<|content|>"
    between = "<|end|><|begin|>assistant"
    id_of = staticmethod(lambda index, name: f"abcdef00{index}")

    def source(self):
        return ("{% for m in messages %}{% if m.role == 'assistant' %}{% if m.reasoning_content %}<|begin|>assistant"
                "<|think|>{{ m.reasoning_content }}<|end|>{% endif %}{% if m.tool_calls %}<|begin|>assistant<|calls|>"
                "{% for c in m.tool_calls %}<|call:begin|>{{ c.id }}<|call:name|>{{ c.function.name }}<|call:args|>"
                "{{ c.function.arguments | tojson }}<|call:end|>{% endfor %}<|turn|>"
                "{% else %}<|begin|>assistant<|content|>{{ m.content }}<|end|>{% endif %}"
                "{% else %}<|begin|>{{ m.role }}<|content|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
                "{% if add_generation_prompt %}<|begin|>assistant{% endif %}")

    def calls(self, calls):
        return "<|calls|>" + "".join(
            f"<|call:begin|>{self.id_of(i, n)}<|call:name|>{n}<|call:args|>{dump(a)}<|call:end|>"
            for i, (n, a) in enumerate(calls))


def python_value(value):
    return repr(value)


class Pythonic(Format):
    style = "literal"
    opener, control = "<|calls_begin|>", ["<|calls_begin|>", "<|calls_end|>"]
    left, right = "<|calls_begin|>[", "]<|calls_end|>"

    @property
    def template(self):
        return (self.left + "{% for c in m.tool_calls %}{{ ', ' if not loop.first }}{{ c.function.name }}("
                "{% for k, v in c.function.arguments | items %}{{ ', ' if not loop.first }}{{ k }}="
                "{% if v is string %}'{{ v }}'{% else %}{{ v }}{% endif %}{% endfor %}){% endfor %}" + self.right)

    def calls(self, calls):
        return self.left + ", ".join(
            n + "(" + ", ".join(f"{k}={python_value(v)}" for k, v in a.items()) + ")" for n, a in calls) + self.right


class PythonicBare(Pythonic):
    weak = True
    opener, control = "", []
    left, right = "[", "]"


class Braces(Format):
    style = "literal"
    opener, control = "<|tool_call>", ["<|tool_call>", "<tool_call|>", '<|"|>']
    template = EACH.replace("CALL", "<|tool_call>call:{{ c.function.name }}{{ '{' }}" + PAIRS.replace(
        "PAIR", "{{ ',' if not loop.first }}{{ k }}:{% if v is string %}<|\"|>{{ v }}<|\"|>{% else %}{{ v | tojson }}"
                "{% endif %}") + "}<tool_call|>")

    def value(self, value):
        if isinstance(value, str):
            return f'<|"|>{value}<|"|>'
        if isinstance(value, list):
            return "[" + ",".join(self.value(v) for v in value) + "]"
        if isinstance(value, dict):
            return "{" + ",".join(f"{k}:{self.value(v)}" for k, v in value.items()) + "}"
        return dump(value)

    def calls(self, calls):
        return "".join(f"<|tool_call>call:{n}" + self.value(a) + "<tool_call|>" for n, a in calls)


class NameKeys(Format):
    opener, control = "<|tools_prefix|>", ["<|tools_prefix|>", "<|tools_suffix|>"]
    template = ("<|tools_prefix|>[{% for c in m.tool_calls %}{{ ', ' if not loop.first }}"
                '{"{{ c.function.name }}": {{ c.function.arguments | tojson }}}{% endfor %}]<|tools_suffix|>')

    def calls(self, calls):
        return "<|tools_prefix|>[" + ", ".join(dump({n: a}) for n, a in calls) + "]<|tools_suffix|>"


class Functools(Format):
    opener = "functools["
    between = " "
    template = (" functools[{% for c in m.tool_calls %}{{ ', ' if not loop.first }}"
                '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}{% endfor %}]')

    def calls(self, calls):
        return "functools[" + ", ".join(dump({"name": n, "arguments": a}) for n, a in calls) + "]"


class NestedObjects(Format):
    opener, control = "<tool_call>", ["<tool_call>", "</tool_call>"]
    between = "\n"
    template = "\n<tool_call>\n{{ m.tool_calls | tojson }}\n</tool_call>"
    id_of = staticmethod(lambda index, name: f"abcdef00{index}")

    def calls(self, calls):
        return "<tool_call>\n" + dump([{"id": self.id_of(i, n), "type": "function",
                                        "function": {"name": n, "arguments": a}}
                                       for i, (n, a) in enumerate(calls)]) + "\n</tool_call>"


TELLS_OF_TOOLS = "{% if tools %}<|turn|>system\n{{ tools | tojson }}<|end|>\n{% endif %}"


class PythonTag(Format):
    """The template shows objects alone; what stands behind the token is written otherwise."""

    opener, control = "<|python_tag|>", ["<|python_tag|>"]
    template = JsonBare.template

    def source(self):
        return TELLS_OF_TOOLS + super().source()


class PythonTagObjects(PythonTag):
    def calls(self, calls):
        return self.opener + "; ".join(dump({"name": n, "parameters": a}) for n, a in calls)


class PythonTagBuiltIn(PythonTag):
    style = "literal"
    single = True

    def calls(self, calls):
        return "".join(self.opener + n + ".call(" + ", ".join(f"{k}={python_value(v)}" for k, v in a.items()) + ")"
                       for n, a in calls)


class PythonTagCode(PythonTag):
    style = "code"
    single = True

    def code(self, name, arguments):
        return arguments.get("code") or f"import tools\n\n{name} = tools.find({name!r})\n{name}(**{arguments!r})"

    def calls(self, calls):
        return "".join(self.opener + self.code(n, a) for n, a in calls)

    def expected(self, calls):
        return [["", "python", dump({"code": self.code(n, a)})] for n, a in calls]


class PythonStart(Pythonic):
    """The template shows lists in brackets; models also write them between two tokens."""

    opener, control = "<|python_start|>", ["<|python_start|>", "<|python_end|>"]
    left, right = "<|python_start|>[", "]<|python_end|>"

    def source(self):
        return TELLS_OF_TOOLS + TURNS.replace("CALLS", PythonicBare("").template)


class PythonStartBare(PythonStart):
    left, right = "<|python_start|>", "<|python_end|>"


class PythonListBeside(PythonicBare):
    """The list without its tokens, where the vocabulary has them."""

    control = PythonStart.control

    def source(self):
        return TELLS_OF_TOOLS + super().source()


class KeyTags(PairFormat):
    """Keys are tags, values may have keys of their own; a prefix stands before each tag."""

    prefix = "]<]tags[>["
    control = [prefix]
    between = "\n"

    @property
    def opener(self):
        return self.prefix + "<tool_call>"

    @property
    def template(self):
        return ("\nP<tool_call>\n" + EACH.replace("CALL", 'P<invoke name="{{ c.function.name }}">\n' + PAIRS.replace(
            "PAIR", "P<{{ k }}>" + TEXT + "P</{{ k }}>\n") + "P</invoke>\n") + "P</tool_call>").replace("P<", self.prefix + "<")

    def value(self, value):
        if isinstance(value, dict):
            return "".join(f"P<{k}>{self.value(v)}P</{k}>" for k, v in value.items())
        if isinstance(value, list):
            return "".join(f"P<item>{self.value(v)}P</item>" for v in value)
        return text_of(value)

    def calls(self, calls):
        return ("P<tool_call>\n" + "".join(f'P<invoke name="{n}">\n' + "".join(
            f"P<{k}>{self.value(v)}P</{k}>\n" for k, v in a.items()) + "P</invoke>\n" for n, a in calls) +
            "P</tool_call>").replace("P<", self.prefix + "<")


class KeyTagsInText(KeyTags):
    prefix = "tags:"
    control = []


class TokenTags(PairFormat):
    """Tags are words between tokens, closed by the same word between others; answers are closed too."""

    control = ["<|open|>", "<|close|>", "<|sep|>"]
    opener = "<|open|>tools<|sep|>"
    thought = ("<|open|>think<|sep|>", "<|close|>think<|sep|>")
    answer = "<|open|>response<|sep|>"
    between = "<|close|>response<|sep|>"
    end = "<|close|>message<|sep|><|end|>"
    id_of = staticmethod(lambda index, name: str(index + 1))

    def source(self):
        return ("{% macro kind(v) %}{% if v is boolean %}boolean{% elif v is none %}null{% elif v is number %}number"
                "{% elif v is string %}string{% elif v is mapping %}object{% else %}array{% endif %}{% endmacro %}"
                "{% for m in messages %}<|open|>message role=\"{{ m.role }}\"<|sep|>{% if m.role == 'assistant' %}"
                "<|open|>think<|sep|>{{ m.reasoning_content or '' }}<|close|>think<|sep|>"
                "<|open|>response<|sep|>{{ m.content or '' }}<|close|>response<|sep|>"
                "{% if m.tool_calls %}<|open|>tools<|sep|>{% for c in m.tool_calls %}"
                '<|open|>call tool="{{ c.function.name }}" index="{{ loop.index }}"<|sep|>' + PAIRS.replace(
                    "PAIR", '<|open|>argument key="{{ k }}" type="{{ kind(v) }}"<|sep|>' + TEXT +
                    "<|close|>argument<|sep|>") + "<|close|>call<|sep|>{% endfor %}<|close|>tools<|sep|>{% endif %}"
                "{% else %}{{ m.content }}{% endif %}<|close|>message<|sep|><|end|>{% endfor %}"
                "{% if add_generation_prompt %}<|open|>message role=\"assistant\"<|sep|><|open|>think<|sep|>{% endif %}")

    def kind(self, value):
        kinds = {bool: "boolean", type(None): "null", int: "number", float: "number", str: "string", dict: "object"}
        return kinds.get(type(value), "array")

    def reply(self, thought, content, calls):
        text = super().reply(thought, content, calls)
        return text + (self.between if content and not calls else "")

    def calls(self, calls):
        return "<|open|>tools<|sep|>" + "".join(
            f'<|open|>call tool="{n}" index="{i + 1}"<|sep|>' + "".join(
                f'<|open|>argument key="{k}" type="{self.kind(v)}"<|sep|>{text_of(v)}<|close|>argument<|sep|>'
                for k, v in a.items()) + "<|close|>call<|sep|>" for i, (n, a) in enumerate(calls)) + "<|close|>tools<|sep|>"


class CallMessages(Format):
    """A call is a message of its own behind the answer's."""

    opener, control = "<|message_sep|>", ["<|role_sep|>", "<|message_sep|>"]
    thought = None
    end = "<|message_sep|>"
    single = True

    def source(self):
        return ("{% for m in messages %}{{ m.role }}<|role_sep|>\n{{ m.content or '' }}<|message_sep|>\n\n"
                "{% if m.tool_calls %}function call<|role_sep|>\n{\"name\": \"{{ m.tool_calls[0].function.name }}\", "
                "\"arguments\": {{ m.tool_calls[0].function.arguments | tojson }}}<|message_sep|>\n\n{% endif %}"
                "{% endfor %}{% if add_generation_prompt %}assistant<|role_sep|>\n{% endif %}")

    def calls(self, calls):
        return "".join(f"<|message_sep|>\n\nfunction call<|role_sep|>\n{dump({'name': n, 'arguments': a})}"
                       for n, a in calls)


class RecipientHeaders(PairFormat):
    """Thoughts, answers and calls have headers that name a recipient; calls have tags of their own behind theirs."""

    opener = "<m:function_calls>"
    control = ["<|start|>", "<|message|>", "<|eom|>"]
    thought = (" to=self<|message|>", "<|eom|><|start|>assistant")
    answer = " to=user<|message|>"
    between = "<|eom|><|start|>assistant"
    template = ("<m:function_calls>\n" + EACH.replace("CALL", '<m:invoke name="{{ c.function.name }}">\n' + PAIRS.replace(
        "PAIR", '<m:parameter name="{{ k }}">' + TEXT + "</m:parameter>\n") + "</m:invoke>\n") + "</m:function_calls>")

    def source(self):
        return ("{% for m in messages %}{% if m.role == 'assistant' %}{% if m.reasoning_content %}"
                "<|start|>assistant to=self<|message|>{{ m.reasoning_content }}<|eom|>{% endif %}{% if m.tool_calls %}"
                "<|start|>assistant to={{ m.tool_calls[0].function.name }}<|message|>" + self.template +
                "<|end|>{% else %}<|start|>assistant to=user<|message|>{{ m.content }}<|end|>{% endif %}"
                "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
                "{% if add_generation_prompt %}<|start|>assistant{% endif %}")

    def calls(self, calls):
        return f" to={calls[0][0]}<|message|><m:function_calls>\n" + "".join(f'<m:invoke name="{n}">\n' + "".join(
            f'<m:parameter name="{k}">{text_of(v)}</m:parameter>\n' for k, v in a.items()) + "</m:invoke>\n"
            for n, a in calls) + "</m:function_calls>"


FORMATS = [JsonTags("json_tags"), JsonListTags("json_list_tags"), JsonBare("json_bare"), MarkerList("marker_list"),
           MarkerNames("marker_names"), MarkerIds("marker_ids"), FunctionTag("function_tag"), Recipients("recipients"),
           RecipientTokens("recipient_tokens"), CoderXml("coder_xml"), ArgPairs("arg_pairs"), Invoke("invoke"),
           TypedInvoke("typed_invoke"), FencedSections("fenced_sections"), Sections("sections"),
           CountedSections("counted_sections"), IdSections("id_sections"), Actions("actions"),
           FencedActions("fenced_actions"), Channels("channels"), HeaderRoles("header_roles"), Pythonic("pythonic"),
           PythonicBare("pythonic_bare"), Braces("braces"), NameKeys("name_keys"), Functools("functools"),
           NestedObjects("nested_objects"), PythonTagObjects("python_tag_objects"),
           PythonTagBuiltIn("python_tag_calls"), PythonTagCode("python_tag_code"), PythonStart("python_start"),
           PythonStartBare("python_start_bare"), PythonListBeside("python_list"), KeyTags("key_tags"),
           KeyTagsInText("key_tags_in_text"), TokenTags("token_tags"), CallMessages("call_messages"), RecipientHeaders("recipient_headers")]

NORTH = ("look", {"place": "north", "depth": 25})
SOUTH = ("dig", {"place": "south", "depth": 17})
EMPTY = ("look", {})
TYPES = ("look", {"place": "up", "depth": -3, "share": 0.5, "deep": True, "old": False, "none": None,
                  "list": [1, 2, 3], "map": {"a": 1, "b": [True, None]}})
TEXTS = ("dig", {"place": 'a "quoted" word, a \\ and {braces} [too]', "note": "naïve 北 🙂 café"})
LINES = ("dig", {"code": "if a < b:\n    print('x')\n\nreturn [1, 2]"})
NUMBERS = ("look", {"place": "10 downing street", "note": "3 of 4"})
LONG = ("look", {"place": " ".join(["far"] * 60)})


def plain_cases(f):
    yield "answer", f.reply(None, "It is so.", []), {"content": "It is so."}
    lines = "Grüße, 世界 🙂\n\n- one\n- two\n\nDone."
    yield "lines", f.reply(None, lines, []), {"content": lines}
    signs = "a < b, x > y, {x: 1}, [1, 2], <b>bold</b>, 100 %"
    yield "signs", f.reply(None, "See: " + signs, []), {"content": "See: " + signs}
    long = "word " * 200 + "end."
    yield "long", f.reply(None, long, []), {"content": long}
    yield "stopped", f.reply(None, "It is so.", []) + "<|end|>", {"content": "It is so."}
    code = "Run:\n```sh\nls -l | wc\n```\nThen look."
    yield "word", f.reply(None, "Yes", []), {"content": "Yes"}
    yield "spaces", f.reply(None, "One.  Two.\n\n\n  Three.", []), {"content": "One.  Two.\n\n\n  Three."}
    yield "fence", f.reply(None, code, []), {"content": code}


def call_cases(f):
    def case(name, content, calls, thought=None):
        expected = {"calls": f.expected(calls)}
        if content:
            expected["content"] = content
        if thought:
            expected["reasoning"] = thought
        return name, f.reply(thought, content, calls), expected

    for name, call in [("call", NORTH), ("no_arguments", EMPTY), ("types", TYPES), ("texts", TEXTS), ("lines_in", LINES),
                       ("numbers", NUMBERS), ("long_in", LONG)]:
        yield case(name, "", [call])
    if not f.weak:
        yield case("answer_call", "I will look.", [NORTH])
        yield case("lines_call", "First line.\nSecond line.", [TEXTS])
    if not f.single:
        yield case("two", "", [NORTH, SOUTH])
        yield case("three", "", [NORTH, NORTH, TYPES])
        yield case("empty_two", "", [EMPTY, SOUTH])
        if not f.weak:
            yield case("answer_two", "Both.", [SOUTH, TEXTS])
    name, reply, expected = case("call_stopped", "", [NORTH])
    yield name, reply + f.end, expected


def thought_cases(f):
    if not f.thought:
        return
    begin, end = f.thought
    long = "First this.\nThen that?\n\nWait: 1 < 2."
    yield "thought", f.reply("Let me see.", "It is so.", []), {"reasoning": "Let me see.", "content": "It is so."}
    yield "thought_lines", f.reply(long, "So.", []), {"reasoning": long, "content": "So."}
    yield "thought_empty", f.reply("", "It is so.", []), {"content": "It is so."}
    yield "thought_only", begin + "Let me see." + end, {"reasoning": "Let me see."}
    yield ("thought_call", f.reply("I should look.", "", [NORTH]),
           {"reasoning": "I should look.", "calls": f.expected([NORTH])})
    if not f.weak:
        yield ("thought_answer_call", f.reply("Hm.", "I look.", [SOUTH]),
               {"reasoning": "Hm.", "content": "I look.", "calls": f.expected([SOUTH])})
    yield ("thought_open_cut", begin + "Let me", {"reasoning": "Let me", "flags": ["thought_unclosed"]})
    rest = f.reply("So it is.", "Yes.", [])[len(begin):]
    yield "prefilled", rest, {"reasoning": "So it is.", "content": "Yes."}, {"open": True}
    rest = f.reply("I look.", "", [NORTH])[len(begin):]
    yield "prefilled_call", rest, {"reasoning": "I look.", "calls": f.expected([NORTH])}, {"open": True}
    yield ("prefilled_cut", "Let me see whether", {"reasoning": "Let me see whether", "flags": ["thought_unclosed"]},
           {"open": True})
    yield "prefilled_empty", end.lstrip() + (f.answer or ("<|channel|>final<|message|>" if f.name == "channels" else "")) + \
        "Yes.", {"content": "Yes."}, {"open": True}
    yield ("prefilled_again", f.reply("So.", "Yes.", []), {"reasoning": "So.", "content": "Yes."}, {"open": True})
    quoted = "The mark `" + OPEN + (f.opener or begin.strip()) + CLOSE + "` opens a call."
    yield "thought_quotes", f.reply(quoted, "So.", []), {"reasoning": quoted, "content": "So."}


def odd_cases(f):
    """Replies that are not as they should be."""
    mark = f.opener
    if mark and f.name not in ("recipients", "recipient_tokens", "channels"):
        text = "Write `" + OPEN + mark + CLOSE + "` to call."
        yield "quoted", f.reply(None, text, []), {"content": text}
        if any(token in mark for token in f.control):
            text = "Write " + OPEN + mark + CLOSE + " to call."
            yield "spelled", f.reply(None, text, []), {"content": text}
        part = "It ends with " + OPEN + mark[:-1] + CLOSE
        yield "part_of_marker", f.reply(None, part, []), {"content": part}
    whole = f.reply(None, "", [NORTH])
    if f.name == "channels":
        whole = " to=functions.look<|channel|>commentary json<|message|>" + dump(NORTH[1]) + "<|call|>"
    if f.style == "json":
        arguments = dump(NORTH[1])
        at = whole.index(arguments)
        ident = f.id_of(0, "look")
        cut_id = ident if f.name in ("marker_ids", "counted_sections", "id_sections", "actions", "header_roles",
                                     "nested_objects") else ""
        for n in (1, 9, 12, 18, len(arguments) - 1):
            yield (f"cut_{n}", whole[:at + n],
                   {"calls": [[cut_id, "look", arguments[:n].rstrip() if f.name in JSON_KINDS else arguments[:n]]],
                    "flags": ["arguments_not_json", "call_unclosed"]})
        if f.name not in JSON_KINDS:
            for name, bad in [("not_json", "{place: north}"), ("bad_value", '{"place": north}'), ("not_object", "[1, 2]"),
                              ("trailing", '{"place": "north",}')]:
                yield (name, whole.replace(arguments, bad),
                       {"calls": [[cut_id, "look", bad]], "flags": ["arguments_not_json"]})
        elif f.name not in ("name_keys",):
            for name, bad in [("not_json", "{place: north}"), ("bad_value", '{"place": north}'), ("not_object", "[1, 2]"),
                              ("trailing", '{"place": "north",}')]:
                yield (name, whole.replace(arguments, bad),
                       {"calls": [[ident, "look", bad]], "flags": ["arguments_not_json"]})
            yield ("spaced", whole.replace(arguments, '{\n  "place" : "north" ,\n  "depth":25\n}'),
                   {"calls": [[ident, "look", '{\n  "place" : "north" ,\n  "depth":25\n}']]})
            yield ("as_text", whole.replace(arguments, dump(arguments)), {"calls": [[ident, "look", arguments]]})
        if f.name == "name_keys":
            text = '{"": ' + arguments + "}"
            yield ("nameless", whole.replace('{"look": ' + arguments + "}", text),
                   {"calls": [["", "", text]], "flags": ["call_nameless"]})
        if f.name == "json_tags":
            text = '{"name": "", "arguments": ' + arguments + "}"
            yield "empty_name", mark + "\n" + text + "\n</tool_call>", {"calls": [["", "", text]], "flags": ["call_nameless"]}
        if f.name in ("json_tags", "nested_objects"):
            broken = whole.split(mark)[0] + mark + "\nI would look north.\n</tool_call>"
            yield "broken", broken, {"content": "I would look north.", "flags": ["call_broken"]}
            yield ("nameless", mark + '\n{"place": "north"}\n</tool_call>',
                   {"calls": [["", "", '{"place": "north"}']], "flags": ["call_nameless"]})
    elif f.style == "pairs":
        at = whole.index("north")
        yield ("cut_value", whole[:at + 3],
               {"calls": [[f.id_of(0, "look"), "look", '{"place": "nor"']], "flags": ["arguments_not_json", "call_unclosed"]})
        at = whole.index("depth")
        yield ("cut_key", whole[:at + 2],
               {"calls": [[f.id_of(0, "look"), "look", '{"place": "north"']], "flags": ["arguments_not_json", "call_unclosed"]})
    elif f.style == "code":
        code = f.code(*NORTH)
        yield "cut_code", whole[:-9], {"calls": [["", "python", dump({"code": code[:-9]})]]}
        for name, text in [("code_call", "look.call_me(1)"), ("code_set", '{"place", "north"}'), ("code_word", "look"),
                           ("code_object", '{"place": "north"}'), ("code_names", "look.call")]:
            yield name, f.opener + text, {"calls": [["", "python", dump({"code": text})]]}
    else:
        at = whole.index("25")
        yield ("cut_value", whole[:at + 1],
               {"calls": [["", "look", '{"place": "north", "depth": 2']], "flags": ["arguments_not_json", "call_unclosed"]})
    if not f.weak and f.style != "code" and f.name not in ("recipients", "recipient_tokens", "channels", "header_roles"):
        yield ("answer_behind", whole + "\nThat is all.",
               {"calls": f.expected([NORTH]), "content": "That is all."})
    if f.weak:
        yield ("unknown_tool", f.calls([("unknown", {"a": 1})]), {"content": f.calls([("unknown", {"a": 1})])})
        yield ("late", "So: " + whole, {"content": "So: " + whole})
        yield ("no_tools", whole, {"content": whole}, {"tools": False})
        yield ("object", '{"city": "Rome", "name": "look"}', {"content": '{"city": "Rome", "name": "look"}'})
        yield ("list", "[1, 2, 3]", {"content": "[1, 2, 3]"})


JSON_KINDS = {"json_tags", "json_list_tags", "json_bare", "marker_list", "actions", "fenced_actions", "name_keys",
              "functools", "nested_objects", "python_tag_objects", "call_messages"}


def main():
    formats = []
    for f in FORMATS:
        cases = []
        for made in (plain_cases(f), call_cases(f), thought_cases(f), odd_cases(f)):
            for case in made:
                name, reply, expected, *rest = case
                cases.append({"name": name, "reply": reply, "expected": expected, **(rest[0] if rest else {})})
        formats.append({"name": f.name, "control": f.control + ["<think>", "</think>"] * (f.thought == Format.thought),
                        "template": f.source(), "cases": cases})
    print("[")
    for i, f in enumerate(formats):
        cases = f.pop("cases")
        print(json.dumps(f, ensure_ascii=False)[:-1] + ', "cases": [')
        print(",\n".join(json.dumps(c, ensure_ascii=False) for c in cases))
        print("]}" + ("," if i + 1 < len(formats) else ""))
    print("]")


main()
