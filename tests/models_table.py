"""docs/models.md: a row for each architecture, with what its tests measured.

usage: models_table.py            checks docs/models.md
       models_table.py PROGRAM    writes it with what PROGRAM measures

PROGRAM is model_tiny_models_test. What is said of an architecture is the first
comment of its file in src/model/; figures to llama.cpp are those that
tests/oracles/convert_llama_cpp.py --record left in tests/fixtures/models/.
The check fails where an architecture of src/model/architectures.cc has no row
or no fixture, a figure is over the bound, or the text is not what would be
written; what was measured may be another machine's.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "src/model"
FIXTURES = ROOT / "tests/fixtures/models"
PAGE = ROOT / "docs/models.md"
BOUND = 1e-4

FAMILIES = {
    "apertus": "Apertus 8B, 70B",
    "cohere2": "Command R7B, Command A",
    "deepseek2": "DeepSeek V2, V2 Lite, V3, R1, V3.1; Kimi K2",
    "ernie4_5": "ERNIE 4.5 0.3B",
    "ernie4_5-moe": "ERNIE 4.5 21B-A3B, 300B-A47B",
    "exaone4": "EXAONE 4.0 1.2B, 32B",
    "gemma": "Gemma 2B, 7B; CodeGemma",
    "gemma2": "Gemma 2 2B, 9B, 27B",
    "gemma3": "Gemma 3 270M to 27B; MedGemma",
    "gemma4": "Gemma 4 E2B, E4B, 12B, 26B-A4B, 31B",
    "glm4": "GLM-4 9B and 32B of 0414, GLM-Z1",
    "glm4moe": "GLM-4.5, 4.5-Air, 4.6, 4.7",
    "gpt-oss": "gpt-oss 20B, 120B",
    "granite": "Granite 3.x 2B, 8B",
    "granitemoe": "Granite 3.x 1B-A400M, 3B-A800M",
    "hunyuan-dense": "Hunyuan 0.5B, 1.8B, 4B, 7B",
    "hunyuan-moe": "Hunyuan A13B",
    "internlm2": "InternLM2 and 2.5 1.8B, 7B, 20B",
    "lfm2": "LFM2 350M, 700M, 1.2B, 2.6B",
    "lfm2moe": "LFM2 8B-A1B",
    "llama": "Llama 1 to 3.3, Mistral 7B, Nemo, Small, Mixtral, SmolLM, TinyLlama, Yi",
    "llama4": "Llama 4 Scout, Maverick",
    "minimax-m2": "MiniMax M2",
    "mistral3": "Ministral 3 3B, 8B, 14B",
    "olmo2": "OLMo 2 1B to 32B",
    "phi3": "Phi-3 and 3.5 mini, Phi-3 medium, Phi-4, Phi-4 mini",
    "qwen2": "Qwen1.5, Qwen2, Qwen2.5, QwQ 32B",
    "qwen2moe": "Qwen1.5-MoE A2.7B, Qwen2 57B-A14B",
    "qwen3": "Qwen3 0.6B to 32B",
    "qwen3moe": "Qwen3 30B-A3B, 235B-A22B, Qwen3-Coder",
    "qwen3next": "Qwen3-Next 80B-A3B, Qwen3-Coder-Next",
    "qwen35": "Qwen3.5, dense",
    "qwen35moe": "Qwen3.5, mixtures",
    "seed_oss": "Seed-OSS 36B",
    "smollm3": "SmolLM3 3B",
}

HEAD = """# Models

Written by `tests/models_table.py`; don't edit. What an architecture computes is one file in `src/model/`, held against
transformers by a tiny random model of the same shape (`tests/fixtures/models/`), against numpy where transformers lacks
the architecture. Sizes are not listed: any that the memory holds will do.

- **config.json**: the `model_type` of a Hugging Face folder; **GGUF**: `general.architecture` of a file.
- **transformers**: the greatest difference of a logit to transformers' in float64, over the greatest logit, of all the
  architecture's fixtures; first of a prompt evaluated at once, then of one token after the other. The test's bound is
  {bound:.0e}.
- **llama.cpp**: the same of llama.cpp's logits of the file that `convert` makes of the folder, to transformers'.
- **tokens/s**: of a decode step of the tiny model on one thread of the machine that wrote the page: what each
  architecture's steps cost beside the weights. The speed of a real model is that of reading its weights.

| GGUF | config.json | models | what is special | transformers | llama.cpp | tokens/s |
|---|---|---|---|---|---|---|
"""


def architectures():
    """[GGUF's name, model types, what is special], in the order of the table of
    architectures.cc."""
    found = {}
    for path in MODEL.glob("*.cc"):
        text = path.read_text()
        for match in re.finditer(
                r"extern const Architecture (\w+) = \{\s*\.name = \"([^\"]+)\",\s*"
                r"\.model_types = \{([^}]*)\}", text):
            comment = re.match(r"(?://.*\n)+", text).group(0)
            special = " ".join(comment.replace("//", " ").split())
            special = re.sub(r"^[^:]*: ", "", special)
            found[match.group(1)] = (match.group(2),
                                     re.findall(r'"([^"]+)"', match.group(3)),
                                     special[0].upper() + special[1:])
    names = re.findall(r"X\((k\w+)\)", (MODEL / "architectures.cc").read_text())
    return [found[name] for name in names]


def fixtures():
    """model_type of each fixture."""
    types = {}
    for path in sorted(FIXTURES.glob("*.json")):
        layouts = json.loads(path.read_text()).get("layouts")
        if layouts:
            config = layouts[0]["config"]
            types[path.stem] = config.get("text_config", config)["model_type"]
    return types


def measure(program):
    """The properties that PROGRAM records of each fixture, a list of layouts."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run([program, f"--gtest_output=json:{report}",
                        "--gtest_filter=*LogitsAreThoseOfTransformers*:*BestKernels*"],
                       check=True, stdout=subprocess.DEVNULL)
        suites = json.loads(report.read_text())["testsuites"]
    measured = {}
    for test in (test for suite in suites for test in suite["testsuite"]):
        name = test["name"].split("/")[1].rsplit("_", 1)[0]
        measured.setdefault(name, []).append(test)
    return measured


def worst(tests, key):
    return max(float(test[key]) for test in tests if key in test)


def llama_cpp(names):
    path = FIXTURES / "llama_cpp.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    values = [known[name] for name in names if name in known]
    numbers = [value for value in values if not isinstance(value, str)]
    reasons = sorted({value for value in values if isinstance(value, str)})
    parts = [f"{max(numbers):.1e}"] if numbers else []
    return "; ".join(parts + reasons) or "not measured"


def row(architecture, types, measured):
    name, model_types, special = architecture
    names = [fixture for fixture, its in types.items() if its in model_types]
    if not names:
        raise SystemExit(f"no fixture has the architecture {name}")
    tests = [test for fixture in names for test in measured(fixture)]
    figures = [f"{worst(tests, 'prefill'):.1e}, {worst(tests, 'decode'):.1e}",
               llama_cpp(names),
               f"{worst(tests, 'decode_per_second'):.0f}"]
    return "| " + " | ".join(
        [f"`{name}`", ", ".join(f"`{each}`" for each in model_types),
         FAMILIES[name], special, *figures]) + " |\n"


def page(measured):
    types = fixtures()
    return HEAD.format(bound=BOUND) + "".join(
        row(architecture, types, measured) for architecture in architectures())


def masked(text):
    """What no measurement changes."""
    text = re.sub(r"\d\.\de-\d\d, \d\.\de-\d\d", "FIGURES", text)
    return re.sub(r"\| \d+ \|$", "| SPEED |", text, flags=re.M)


def check():
    some = [{"prefill": "1e-6", "decode": "1e-6", "decode_per_second": "1"}]
    wanted = masked(page(lambda fixture: some)).splitlines()
    written = PAGE.read_text()
    faults = [f"missing or different: {line}" for line in wanted
              if line not in masked(written).splitlines()]
    faults += [f"a figure over the bound: {figure}"
               for figures in re.findall(r"\| ([\d.e-]+, [\d.e-]+) \|", written)
               for figure in figures.split(", ") if float(figure) > BOUND]
    print("\n".join(faults) or f"{len(architectures())} architectures")
    if faults:
        print("run tests/models_table.py with the built model_tiny_models_test")
    return 1 if faults else 0


def main():
    if len(sys.argv) < 2:
        return check()
    PAGE.write_text(page(measure(sys.argv[1]).__getitem__))
    return check()


if __name__ == "__main__":
    sys.exit(main())
