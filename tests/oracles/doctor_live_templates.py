"""The live probe of one model behind each published template that thinks.

    doctor_live_templates.py FULLSTOP MODEL.gguf --templates FOLDER [--all] [--only NAME]

MODEL (SmolLM2) gets the markers of a template as new tokens: ends have the row
of its own end, all others that of what begins its turns. It has not learned to
think, but it knows plain answers and their ends, so that an answer behind an
empty thought has to look healthy: no finding about known replies, and what
stands before them is what the makers of the model write before an answer. A
thought that it is made to open it leaves open, and that is counted.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import gguf
import numpy as np

import make_template_vocabs as vocabs
from doctor_live import KEY_TYPES, Model, doctor

ENDS = json.loads((pathlib.Path(__file__).parent / "declared_ends.json").read_text("utf-8"))
# What stands before an answer without a thought, by the templates' own texts.
BEFORE = {
    "Apriel-1.6-15b-Thinker-fixed": None,
    "ByteDance-Seed-OSS": "the question.</seed:cot_budget_reflect>\n</seed:think>",
    "CohereForAI-c4ai-command-r7b-12-2024-tool_use":
        "<|START_THINKING|><|END_THINKING|><|START_RESPONSE|>",
    # Its switch is not derived: the thought is written as most templates do.
    "GLM-4.6": "<|assistant|><think>\n\n</think>\n\n",
    "GLM-4.7-Flash": "<|assistant|></think>",
    "HuggingFaceTB-SmolLM3-3B": "<|im_start|>assistant\n<think>\n\n</think>\n",
    "Qwen-QwQ-32B": "<|im_start|>assistant\n<think>\n</think>",
    "Qwen-Qwen3-0.6B": "<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": "<｜Assistant｜><think>\n\n</think>\n\n",
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": "<｜Assistant｜><think>\n</think>",
    "deepseek-ai-DeepSeek-V3.1": "<｜Assistant｜><think></think>",
    "llama-cpp-rwkv-world": "Assistant: <think>\n</think>",
    "openai-gpt-oss-120b": "<|start|>assistant<|channel|>final<|message|>",
}
# What says of known replies that they do not end, or are no text.
KNOWN = {"RUN001", "RUN002", "RUN003", "RUN004", "RUN005"}
PLAN = {"seed": 1, "known": 8, "greedy": 1, "sampled": 1, "max_tokens": 12, "variants": 1,
        "sweep_settings": 2, "sweep_replies": 1, "sweep_tokens": 8}


def dressed(healthy, name, source):
    """HEALTHY with the template and its tokens."""
    facts = vocabs.known(name, source)
    ends = ENDS[name]["ends"]
    control = vocabs.markers(source, dict(facts, control=facts["control"] + ends))
    model = healthy.copy()
    tokens = list(model.fields["tokenizer.ggml.tokens"][0])
    types = list(model.fields["tokenizer.ggml.token_type"][0])
    rows = [model.floats("token_embd.weight")]
    end, begin = (tokens.index(text) for text in ("<|im_end|>", "<|im_start|>"))
    for text in control + facts["tags"]:
        if text in tokens:
            continue
        tokens.append(text)
        types.append(gguf.TokenType.CONTROL if text in control else gguf.TokenType.USER_DEFINED)
        rows.append(rows[0][[end if text in ends else begin]])
    model.put("token_embd.weight", np.concatenate(rows), gguf.GGMLQuantizationType.Q8_0)
    number = KEY_TYPES.UINT32
    model.set("llama.vocab_size", len(tokens), number)
    model.set("tokenizer.ggml.tokens", tokens, KEY_TYPES.ARRAY, KEY_TYPES.STRING)
    model.set("tokenizer.ggml.token_type", [int(kind) for kind in types], KEY_TYPES.ARRAY,
              KEY_TYPES.INT32)
    model.set("tokenizer.chat_template", source, KEY_TYPES.STRING)
    for key in ("bos", "eos", "padding", "unknown"):
        model.fields.pop(f"tokenizer.ggml.{key}_token_id", None)
    if facts["bos"]:
        model.set("tokenizer.ggml.bos_token_id", tokens.index(facts["bos"]), number)
    if ends:
        model.set("tokenizer.ggml.eos_token_id", tokens.index(ends[0]), number)
        model.set("fullstop.stop_token_ids", [tokens.index(text) for text in ends],
                  KEY_TYPES.ARRAY, number)
    return model


def faults_of(name, target):
    """What is wrong with the probe's answer, a sentence each."""
    known = target["live"]["known"]
    before = BEFORE.get(name)
    if known["refused"] or len(known["replies"]) != PLAN["known"]:
        yield f"{known['refused']} known replies are refused"
    if before is not None and not known["prompt"].endswith(before):
        yield f"before the answer stands {known['prompt'][-80:]!r}"
    if ENDS[name]["ends"]:
        for finding in target["findings"]:
            if finding["rule"] in KNOWN:
                yield f"{finding['rule']} {finding['message']}"
    drawn = [point for point in target["live"]["sweep"] if point["replies"]]
    if len(drawn) != PLAN["sweep_settings"]:
        yield f"{len(drawn)} settings have replies"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("fullstop")
    parser.add_argument("model")
    parser.add_argument("--templates", required=True, type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="those that do not think too")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    healthy = Model(options.model)
    wrong = opened = 0
    with tempfile.TemporaryDirectory() as folder:
        path, plan = pathlib.Path(folder, "model.gguf"), pathlib.Path(folder, "plan.json")
        plan.write_text(json.dumps(PLAN), encoding="utf-8")
        for template in sorted(options.templates.glob("*.jinja")):
            name = template.stem
            if options.only not in name or not (options.all or name in BEFORE):
                continue
            dressed(healthy, name, template.read_text(encoding="utf-8")).write(path)
            target = doctor(options.fullstop, path, "--live", "--plan", str(plan),
                            "--select", "RUN")[-1]
            faults = list(faults_of(name, target))
            live = target["live"]
            thoughts = live["own"]["faults"]["open_thought"]["count"]
            opened += thoughts
            wrong += bool(faults)
            found = [finding["rule"] for finding in target["findings"]]
            print(f"{name}: {'; '.join(faults) or 'right'}. {found} "
                  f"ln p {live['known']['logprob']['value']:.3g}, "
                  f"P(stop) {live['known']['p_stop_end']['value']:.3g}, "
                  f"thoughts open {thoughts}", flush=True)
    if not options.only and opened == 0:
        wrong += 1
        print("no thought was left open")
    print(f"{wrong} wrong")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
