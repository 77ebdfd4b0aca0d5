"""docs/models.md: a row for each architecture, with what its tests measured.

usage: models_table.py            checks docs/models.md
       models_table.py PROGRAM    writes it with what PROGRAM measures

PROGRAM is model_tiny_models_test. What is said of an architecture is the first
comment of its file in src/model/; figures to llama.cpp are those that
tests/oracles/convert_llama_cpp.py --record left in tests/fixtures/.
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

HEAD = """# Models

Written by `tests/models_table.py`; don't edit. What an architecture computes is one file in `src/model/`, held against
transformers by a tiny random model of the same shape (`tests/fixtures/models/`), against numpy where transformers lacks
the architecture. Sizes are not listed: any that the memory holds will do.

- **config.json**: the `model_type` of a Hugging Face folder; **GGUF**: `general.architecture` of a file.
- **transformers**: the greatest difference of a logit to transformers' in float64, over the greatest logit, of all the
  architecture's fixtures; first of a prompt evaluated at once, then of one token after the other. The test's bound is
  {bound:.0e}.
- **llama.cpp**: the same of llama.cpp's logits of the file that `convert` makes of the folder, to transformers'. Where
  llama.cpp computes otherwise, how; "varied to fit" is the difference to our own logits once the fixture is changed so
  that it makes no odds. Gemma's GELU it reads from a table of halves.
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
    """Of each fixture model_type, and who has its shape."""
    found = {}
    for path in sorted(FIXTURES.glob("*.json")):
        fixture = json.loads(path.read_text())
        config = fixture["layouts"][0]["config"]
        found[path.stem] = (config.get("text_config", config)["model_type"],
                            fixture.get("models"))
    return found


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
    path = FIXTURES.parent / "llama_cpp_logits.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    values = [known[name] for name in names if name in known]
    numbers = [value for value in values if not isinstance(value, str)]
    reasons = sorted({value for value in values if isinstance(value, str)})
    parts = [f"{max(numbers):.1e}"] if numbers else []
    return "; ".join(parts + reasons) or "not measured"


def row(architecture, known, measured):
    name, model_types, special = architecture
    names = [fixture for fixture, (its, _) in known.items()
             if its in model_types]
    models = [known[fixture][1] for fixture in names if known[fixture][1]]
    if not models:
        raise SystemExit(f"no fixture has the architecture {name}, or none "
                         "names its models")
    tests = [test for fixture in names for test in measured(fixture)]
    figures = [f"{worst(tests, 'prefill'):.1e}, {worst(tests, 'decode'):.1e}",
               llama_cpp(names),
               f"{worst(tests, 'decode_per_second'):.0f}"]
    return "| " + " | ".join(
        [f"`{name}`", ", ".join(f"`{each}`" for each in model_types),
         "; ".join(models), special, *figures]) + " |\n"


def page(measured):
    known = fixtures()
    return HEAD.format(bound=BOUND) + "".join(
        row(architecture, known, measured) for architecture in architectures())


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
