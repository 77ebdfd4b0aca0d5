#!/usr/bin/env python3
"""Renders every chat template in FULLSTOP_DATA/templates over generated
conversations, with the driver and with transformers' own compile function, and
compares: the same text, or both fail. Every difference is printed; exit 1 if
there is one.

    python3 tests/oracles/jinja_templates.py DRIVER [--templates FOLDER]

DRIVER is the program built from tests/drivers/jinja_driver.cc. The seed is
fixed, so every run makes the same conversations; both sides read one clock,
which stands still.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import jinja2.meta
import transformers.utils.chat_template_utils as chat

SEED = 20261121
SCRIPTS = [
    "Hello there", "naïve café – 12 %", "Привет, мир", "γειά σου Σ", "שלום עולם",
    "مرحبا بالعالم", "नमस्ते दुनिया", "สวัสดีชาวโลก", "こんにちは世界", "안녕하세요",
    "你好，世界", "🙂👩‍👩‍👧🏽", "a\nb\r\nc\td", "  padded  ", "<|im_end|> {{ x }} {% y %}",
    "\"quoted\" 'both' \\ /", "x" * 300, "", "\n", "ÀÉÎ ǆ ß ﬁ İ", "1.5", "null",
]
TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "The weather, now",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "Where – é"},
            "days": {"type": "integer", "default": 3},
            "unit": {"type": "string", "enum": ["C", "F"]}},
            "required": ["city"]}}},
    {"type": "function", "function": {
        "name": "search", "description": "Searches\nover lines",
        "parameters": {"type": "object", "properties": {
            "query": {"type": "string"},
            "filters": {"type": "array", "items": {"type": "object", "properties": {
                "key": {"type": "string"}, "value": {"type": "number"}}}}},
            "required": []},
        "return": {"type": "string"}}},
    {"type": "function", "function": {"name": "noop", "description": "",
                                      "parameters": {"type": "object", "properties": {}}}},
    {"name": "bare", "description": "no wrapper", "parameters": {}},
    {"type": "function", "function": {
        "name": "either", "description": "d", "parameters": {"type": "object", "properties": {
            "q": {"type": ["string", "null"], "description": "x"}}}}},
]


def text(rng):
    return " ".join(rng.choice(SCRIPTS) for _ in range(rng.randint(1, 2)))


def content(rng):
    kind = rng.randrange(10)
    if kind == 0:
        return [{"type": "text", "text": text(rng)} for _ in range(rng.randint(0, 2))]
    if kind == 1:
        return [{"type": "image"}, {"type": "text", "text": text(rng)},
                {"type": "image_url", "image_url": {"url": "a.png"}}]
    if kind == 2:
        return rng.choice(["", None])
    return text(rng)


def call(rng, number):
    arguments = rng.choice([
        {"city": text(rng), "days": 2, "deep": {"a": [1, 2.5, None, True]}},
        json.dumps({"city": "Oslo"}), {}, "", {"query": text(rng)}])
    function = {"name": rng.choice(["get_weather", "search"]), "arguments": arguments}
    if rng.random() < 0.2:
        return function
    out = {"type": "function", "function": function}
    if rng.random() < 0.8:
        out["id"] = rng.choice(["call_%d" % number, "abcdefgh%d" % (number % 10)])
    return out


def assistant(rng, with_calls):
    message = {"role": "assistant"}
    if rng.random() < 0.95:
        message["content"] = content(rng)
    if rng.random() < 0.3:
        message[rng.choice(["reasoning_content", "thinking", "reasoning"])] = (
            text(rng) if rng.random() < 0.9 else None)
    if rng.random() < 0.2 and isinstance(message.get("content"), str):
        message["content"] = "<think>\n" + text(rng) + "\n</think>\n\n" + message["content"]
    if with_calls:
        message["tool_calls"] = [call(rng, i) for i in range(rng.randint(1, 2))]
    elif rng.random() < 0.1:
        message["tool_calls"] = rng.choice([None, []])
    return message


def conversation(rng, plain):
    messages = []
    if rng.random() < 0.5:
        messages.append({"role": rng.choice(["system", "system", "developer"]),
                         "content": text(rng) if plain else content(rng)})
    for _ in range(rng.randint(1, 7)):
        user = {"role": "user", "content": text(rng) if plain else content(rng)}
        if rng.random() < 0.05:
            user["name"] = "ann"
        if not plain and rng.random() < 0.03:
            del user["content"]
        messages.append(user)
        calls = rng.random() < 0.3 and not plain
        if rng.random() < 0.1 and messages:
            break
        reply = ({"role": "assistant", "content": text(rng)} if plain
                 else assistant(rng, calls))
        messages.append(reply)
        for made in (reply.get("tool_calls") or []) if calls else []:
            if rng.random() < 0.9:
                result = {"role": rng.choice(["tool", "tool", "tool", "ipython"]),
                          "content": rng.choice([text(rng), json.dumps({"t": 21.5}),
                                                 [{"type": "text", "text": "ok"}]])}
                if rng.random() < 0.7:
                    result["tool_call_id"] = made.get("id", "call_0")
                if rng.random() < 0.7:
                    result["name"] = "get_weather"
                messages.append(result)
    return messages


def context(rng, plain, wanted):
    out = {
        "messages": conversation(rng, plain),
        "tools": rng.sample(TOOLS[:3], rng.randint(1, 3)) if rng.random() < 0.4 else None,
        "documents": ([{"title": "T", "text": text(rng)}] if rng.random() < 0.1 else None),
        "add_generation_prompt": rng.random() < 0.5,
        "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
    }
    if rng.random() < 0.05:
        out["tools"] = [rng.choice(TOOLS[3:])]
    for name, values in {
            "enable_thinking": [True, False], "thinking": [True, False],
            "reasoning_effort": ["low", "high"], "thinking_budget": [0, 512, -1],
            "builtin_tools": [["browser", "python"], []], "keep_past_thinking": [True, False],
            "date_string": ["1 Jan 2025"], "tools_in_user_message": [True, False],
            "custom_tools": [TOOLS[:1]], "model_identity": ["You are Q."],
            "clear_thinking": [True, False], "xml_tools": [TOOLS[:1]],
            "functions": [json.dumps(TOOLS[:1])], "datetime": ["2025"]}.items():
        if rng.random() < (0.7 if name in wanted else 0.05):
            out[name] = rng.choice(values)
    return out


class FixedClock(datetime.datetime):
    started = int(time.time())

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(cls.started)


def expected(template, variables):
    try:
        return template.render(**variables), None
    except Exception as error:  # whatever it is, the driver has to fail too
        return None, f"{type(error).__name__}: {error}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    data = os.environ.get("FULLSTOP_DATA", str(
        pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"))
    parser.add_argument("--templates", default=data + "/templates")
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    driver = subprocess.Popen([options.driver], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, encoding="utf-8")
    chat.datetime = FixedClock
    counts = collections.Counter()
    print(f"seed {options.seed}, {options.count} conversations a template")
    for path in sorted(pathlib.Path(options.templates).glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        template = chat._compile_jinja_template(source)
        names = sorted(jinja2.meta.find_undeclared_variables(
            template.environment.parse(source)))
        rng = random.Random(f"{options.seed} {path.name}")
        seen = collections.Counter()
        for number in range(options.count):
            variables = context(rng, number % 2 == 0, names)
            want, failure = expected(template, variables)
            driver.stdin.write(json.dumps(
                {"template": source, "context": variables,
                 "now": FixedClock.started}) + "\n")
            driver.stdin.flush()
            got = json.loads(driver.stdout.readline())
            if failure is None and got.get("text") == want:
                seen["text"] += 1
            elif failure is not None and (
                    got.get("kind") == "template"
                    or (failure.startswith("RecursionError") and got.get("kind") == "limit")):
                seen["both fail"] += 1
            else:
                seen["DIFFERENT"] += 1
                print(f"--- {path.name} #{number}\n{json.dumps(variables)}\n"
                      f"oracle {want!r} {failure}\ndriver {got}")
        if names != got.get("undeclared"):
            seen["DIFFERENT"] += 1
            print(f"--- {path.name} undeclared\noracle {names}\ndriver {got.get('undeclared')}")
        counts.update(seen)
        print(f"{path.name}: {dict(seen)}")
    print(f"total: {dict(counts)}")
    sys.exit(1 if counts["DIFFERENT"] else 0)


main()
