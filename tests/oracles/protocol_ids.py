#!/usr/bin/env python3
"""Compares renderings and ids with transformers and tokenizers, template by template.

Works on the folder that make_template_vocabs.py wrote (NAME.gguf, NAME.tokenizer.json), or with --base has it written first, into a
folder of its own.

Plain conversations hold no marker. Expected text: transformers' own compile function, rendered with the same variables. Expected
ids: tokenizers over the whole text, every special token recognised. Where one side refuses, the other must.

Hostile conversations have the template's control tokens typed into every field: content, parts, names, tool names, keys and values
of arguments, results, reasoning, tool descriptions, documents, variables. The text is compared as before; no control id may
overlap a byte that is not the template's; and the ids must equal those of a twin written here: control tokens are searched for in
template bytes only, leftmost and longest, and what stands between them is encoded whole by a tokenizer that has no control
tokens.

With --real the vocabularies are those of real models, out of the packages that real_vocabularies.py names, for the templates that
belong to them; the others are left out.

  protocol_ids.py --driver PROGRAM --templates FOLDER (--vocabs FOLDER | --base MODEL.gguf | --real PACKAGES) [--count N] [--seed N]
                  [--only NAME]
"""
import argparse
import datetime
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

import tokenizers
import transformers.utils.chat_template_utils as chat

import make_template_vocabs
import real_vocabularies

WORDS = ["alpha", "two words", "naïve café", "数字一二三", "مرحبا", "Привет", "🙂🙃", "x=1;\n\ty=2", "  spaced  ", "\n\nlines\n", "1234567890",
         "{\"a\": [1, 2]}", "tail ", " head", "", "a'b\"c", "ﬁ ½ Å", "https://example.org/?q=1&r=2", "it's", "\u200b\u00a0"]


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(0)


class Writer:
    """Draws texts; TOKENS are typed in between where given."""

    def __init__(self, rng, tokens):
        self.rng, self.tokens = rng, tokens

    def text(self):
        parts = self.rng.choices(WORDS, k=self.rng.randint(1, 4))
        if self.tokens:
            parts = [piece for part in parts for piece in (part, self.rng.choice(self.tokens))]
        return self.rng.choice(["", " "]).join(parts)

    def name(self):
        return self.rng.choice(["look", "get_it"]) + (self.rng.choice(self.tokens) if self.tokens else "")

    def value(self, depth=0):
        kind = self.rng.randrange(6 if depth < 2 else 3)
        if kind < 2:
            return self.text()
        if kind == 2:
            return self.rng.choice([0, -7, 2.5, True, None, 1e30])
        if kind == 3:
            return [self.value(depth + 1) for _ in range(self.rng.randint(0, 3))]
        return {self.name(): self.value(depth + 1) for _ in range(self.rng.randint(0, 2))}

    def call(self, index):
        arguments = {self.name(): self.value() for _ in range(self.rng.randint(0, 2))}
        if self.rng.random() < 0.2:
            arguments = json.dumps(arguments, ensure_ascii=False)
        return {"id": "call0000%d" % (index + 1), "type": "function", "function": {"name": self.name(), "arguments": arguments}}

    def message(self, role):
        message = {"role": role}
        kind = self.rng.random()
        if kind < 0.8 or role != "assistant":
            message["content"] = self.text()
        elif kind < 0.9:
            message["content"] = self.rng.choice([None, ""])
        if role != "assistant" and self.rng.random() < 0.1:
            message["content"] = [{"type": "text", "text": self.text()} for _ in range(2)]
        if role == "assistant":
            if self.rng.random() < 0.3:
                field = self.rng.choice(["reasoning_content", "thinking", "reasoning"])
                message[field] = self.text()
            if self.rng.random() < 0.3:
                message["tool_calls"] = [self.call(i) for i in range(self.rng.randint(1, 2))]
        if role == "tool":
            message["tool_call_id"] = "call00001"
            message["name"] = self.name()
        if self.tokens and self.rng.random() < 0.1:
            message[self.rng.choice(["name", "extra", self.rng.choice(self.tokens)])] = self.text()
        return message

    def tool(self):
        properties = {self.name(): {"type": "string", "description": self.text()} for _ in range(self.rng.randint(1, 2))}
        return {"type": "function", "function": {"name": self.name(), "description": self.text(),
                                                 "parameters": {"type": "object", "properties": properties, "required": list(properties)[:1]}}}

    def conversation(self):
        rng = self.rng
        messages = [self.message("system")] if rng.random() < 0.4 else []
        for turn in range(rng.randint(1, 3)):
            messages.append(self.message("user"))
            if turn and rng.random() < 0.1:
                continue
            answer = self.message("assistant")
            messages.append(answer)
            if "tool_calls" in answer:
                messages += [self.message("tool") for _ in answer["tool_calls"]]
                if rng.random() < 0.7:
                    messages.append({"role": "assistant", "content": self.text()})
        if rng.random() < 0.5:
            messages.append(self.message("user"))
        if self.tokens and rng.random() < 0.1:
            rng.choice(messages)["role"] = rng.choice(self.tokens)
        return messages

    def request(self, variables):
        rng = self.rng
        request = {"messages": self.conversation(), "add_generation_prompt": rng.random() < 0.6}
        if rng.random() < 0.5:
            request["tools"] = [self.tool() for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.15:
            request["documents"] = [{"title": self.text(), "text": self.text()}]
        if rng.random() < 0.2:  # some templates need all of theirs, as text
            chosen = {name: self.text() for name in variables}
        else:
            chosen = {name: rng.choice([True, False, self.text(), [self.text()]]) for name in variables if rng.random() < 0.25}
        request["variables"] = chosen
        return request


class Model:
    def __init__(self, args, name):
        self.facts = json.loads((args.vocabs / (name + ".facts.json")).read_text())
        source = (args.templates / (name + ".jinja")).read_text(encoding="utf-8")
        self.template = chat._compile_jinja_template(source)
        self.variables = sorted(set(self.undeclared(source)) - {"messages", "tools", "documents", "add_generation_prompt"})
        self.variables = [name for name in self.variables if not name.endswith("_token")
                          and name not in ("raise_exception", "strftime_now")]
        saved = json.loads((args.vocabs / (name + ".tokenizer.json")).read_text())
        self.whole = tokenizers.Tokenizer.from_str(json.dumps(saved))
        gguf = str(args.vocabs / (name + ".gguf"))
        shown = json.loads(subprocess.run([args.driver, "show", gguf], capture_output=True, check=True, text=True).stdout)
        self.control = {token["text"]: token["id"] for token in shown["specials"] if token.get("control")}
        # Of several that match at one place, the first in the pattern counts: the longest.
        longest_first = sorted(self.control, key=len, reverse=True)
        self.control_pattern = re.compile(b"|".join(re.escape(token.encode()) for token in longest_first))
        self.named = {key + "_token": self.facts[key] for key in ("bos", "eos")
                      if self.facts[key] and (key == "bos" or self.facts["declares_eos"])}
        saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] not in self.control]
        self.plain = tokenizers.Tokenizer.from_str(json.dumps(saved))
        self.driver = subprocess.Popen([args.driver, "render", gguf], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def undeclared(source):
        import jinja2.meta
        environment = chat._compile_jinja_template("").environment
        return jinja2.meta.find_undeclared_variables(environment.parse(source))

    def ours(self, request):
        self.driver.stdin.write(json.dumps(request, ensure_ascii=False) + "\n")
        self.driver.stdin.flush()
        return json.loads(self.driver.stdout.readline())

    def theirs(self, request):
        context = dict(self.named)
        context.update({"tools": None, "documents": None})
        context.update({key: value for key, value in request.items() if key != "variables"})
        context.update(request["variables"])
        try:
            return self.template.render(**context)
        except Exception as error:  # whatever a template does to Python
            return error

    def twin(self, text, spans):
        """Control tokens in template bytes only; what stands between them encoded whole."""
        data = text.encode()
        ids, begin = [], 0
        for span in spans:
            if span["origin"] != "template":
                continue
            for match in self.control_pattern.finditer(data, span["begin"], span["end"]):
                ids += self.plain.encode(data[begin:match.start()].decode(), add_special_tokens=False).ids
                ids.append(self.control[match.group().decode()])
                begin = match.end()
        return ids + self.plain.encode(data[begin:].decode(), add_special_tokens=False).ids


def check(model, request, hostile):
    """None where all agree; "refused" where both refuse; else what differs."""
    ours, theirs = model.ours(request), model.theirs(request)
    if isinstance(theirs, Exception):
        return "refused" if "error" in ours else "only transformers refuses: %r" % theirs
    if "error" in ours:
        return "only we refuse: " + ours["error"]
    if ours["text"] != theirs:
        return "text differs: %r and %r" % (ours["text"][-400:], theirs[-400:])
    control = set(model.control.values())
    allowed = [(s["begin"], s["end"]) for s in ours["spans"] if s["origin"] == "template"]
    for token, (begin, end) in zip(ours["ids"], ours["sources"]):
        if token in control and not any(b <= begin and end <= e for b, e in allowed):
            return "control id %d outside the template, bytes %d to %d" % (token, begin, end)
    if ours["ids"] != model.twin(theirs, ours["spans"]):
        return "ids differ from the twin's"
    if not hostile and ours["ids"] != model.whole.encode(theirs, add_special_tokens=False).ids:
        return "ids differ from those of the whole text"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--driver", required=True)
    vocabs = parser.add_mutually_exclusive_group(required=True)
    vocabs.add_argument("--vocabs", type=pathlib.Path)
    vocabs.add_argument("--base", help="a GGUF whose vocabulary each template's markers are added to")
    vocabs.add_argument("--real", type=pathlib.Path, help="the folder that real_vocabularies.py reads")
    parser.add_argument("--templates", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=60, help="plain and as many hostile conversations per template")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    if args.vocabs:
        return compare(args)
    with tempfile.TemporaryDirectory() as folder:
        args.vocabs = pathlib.Path(folder)
        for path in sorted(args.templates.glob("*.jinja")):
            base = base_of(args, path.stem)
            if args.only in path.stem and base:
                source = path.read_text(encoding="utf-8")
                facts = make_template_vocabs.known(path.stem, source)
                make_template_vocabs.build(base, path.stem, source, facts, "bare", args.vocabs)
        return compare(args)


def base_of(args, name):
    """What the vocabulary of template NAME is made from; None where --real has none."""
    if args.base:
        return make_template_vocabs.Base(args.base)
    family = real_vocabularies.family(name)
    return real_vocabularies.load(args.real, family) if family else None


def compare(args):
    chat.datetime = FixedClock
    failures = 0
    for path in sorted(args.vocabs.glob("*.gguf")):
        name = path.stem
        if args.only not in name:
            continue
        model = Model(args, name)
        results = {True: [], False: []}
        started = time.time()
        for hostile in (False, True):
            for i in range(args.count):
                rng = random.Random("%d %s %d" % (args.seed, name, i))
                request = Writer(rng, sorted(model.control) if hostile else []).request(model.variables)
                result = check(model, request, hostile)
                results[hostile].append(result)
                if result not in (None, "refused"):
                    failures += 1
                    print("  %s %d %s: %s" % (name, i, "hostile" if hostile else "plain", result[:1000]))
                    if failures < 4:
                        print("    " + json.dumps(request, ensure_ascii=False)[:1500])
        counts = ["%d equal, %d refused by both" % (r.count(None), r.count("refused")) for r in (results[False], results[True])]
        print("%s: plain %s; hostile %s (%.1f s)" % (name, counts[0], counts[1], time.time() - started))
        model.driver.stdin.close()
    print("%d differences" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
