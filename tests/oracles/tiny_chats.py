#!/usr/bin/env python3
"""Holds chats of five turns with each tiny model of tests/fixtures/models, rendered by its family's template.

What the cache must hold, and which of its tokens a turn may evaluate again, chat_cache_driver computes by an account of its own. The
vocabulary is that of make_template_vocabs.py; the model is random, so its replies are too: its cache is real, with the windows,
latent states and recurrent states of its architecture. A family without a published template here takes ChatML's.

Prints a row a model: turns, replies that a later prompt holds, those that encode to other ids, places encoded again with their
reasons, the largest difference of a logit to that of a fresh cache, violations. Ends with 1 if there are any.

  tiny_chats.py DRIVER --templates FOLDER --base MODEL.gguf [--chats N] [--seed N] [--only NAME]
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import make_template_vocabs

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "models"
# By the start of a fixture's name; the first that fits counts.
TEMPLATES = {
    "cohere": "CohereForAI-c4ai-command-r7b-12-2024-tool_use",
    "deepseek_v2": "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
    "deepseek_v3": "deepseek-ai-DeepSeek-V3.1",
    "gemma": "google-gemma-2-2b-it",
    "glm4_moe_lite": "GLM-4.7-Flash",
    "glm4": "GLM-4.6",
    "gpt_oss": "openai-gpt-oss-120b",
    "kimi_k2": "Kimi-K2-Instruct",
    "lfm2": "LFM2-8B-A1B",
    "llama4": "Qwen-Qwen2.5-7B-Instruct",
    "llama": "meta-llama-Llama-3.2-3B-Instruct",
    "mistral": "mistralai-Mistral-Nemo-Instruct-2407",
    "ministral3": "unsloth-mistral-Devstral-Small-2507",
    "mixtral": "mistralai-Mistral-Nemo-Instruct-2407",
    "phi3": "microsoft-Phi-3.5-mini-instruct",
    "qwen3": "Qwen-Qwen3-0.6B",
    "seed_oss": "ByteDance-Seed-OSS",
    "smollm3": "HuggingFaceTB-SmolLM3-3B",
    "": "Qwen-Qwen2.5-7B-Instruct",
}
ROWS = {
    "turns": r"turns",
    "replies": r"replies met in a later prompt",
    "encoded otherwise": r"  their text encodes to other ids",
    "in cache": r"  found in the cache",
    "evaluated": r"  evaluated",
    "difference": r"  largest difference of a logit",
    "violations": r"violations",
}


def template_of(fixture):
    return next(template for start, template in TEMPLATES.items() if fixture.startswith(start))


def vocabularies(base_path, templates, folder):
    base = make_template_vocabs.Base(base_path)
    for name in sorted(set(TEMPLATES.values())):
        source = (templates / (name + ".jinja")).read_text(encoding="utf-8")
        make_template_vocabs.build(base, name, source, make_template_vocabs.known(name, source), "makers", folder)


def chat(driver, vocabulary, fixture, chats, seed):
    answer = subprocess.run([driver, str(vocabulary), str(chats), str(seed), "--tiny", fixture],
                            stdout=subprocess.PIPE, text=True, check=False)
    figures = {}
    for name, label in ROWS.items():
        found = re.search(rf"^{label} +(\S+)", answer.stdout, re.MULTILINE)
        figures[name] = found.group(1) if found else "-"
    reasons = dict(re.findall(r"^  encoded again: (.*?) +(\d+) +0$", answer.stdout, re.MULTILINE))
    return answer.returncode, figures, reasons, answer.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("driver")
    parser.add_argument("--templates", type=pathlib.Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--chats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        vocabularies(args.base, args.templates, pathlib.Path(folder))
        for path in sorted(FIXTURES.glob("*.json")):
            if args.only not in path.stem:
                continue
            template = template_of(path.stem)
            code, figures, reasons, output = chat(args.driver, pathlib.Path(folder) / (template + ".gguf"), path.stem,
                                                  args.chats, args.seed)
            print(f"{path.stem} ({template}): " + ", ".join(f"{name} {value}" for name, value in figures.items()))
            for reason, count in reasons.items():
                print(f"    encoded again {count} times: {reason}")
            if code != 0:
                print(output)
                wrong.append(path.stem)
    print(f"{len(wrong)} models with violations" + (": " + " ".join(wrong) if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
