"""`doctor --format json` against the schema that docs/ publishes.

    doctor_schema.py FULLSTOP

jsonschema judges. The schema has to refuse, too: each required field is taken
out of an answer once.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/cli"))
from tiny_folder import make_folder  # noqa: E402


def run(*args, folder):
    done = subprocess.run([sys.argv[1], "doctor", *args, "--format", "json"], cwd=folder,
                          stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)


def answers(folder):
    make_folder(folder / "tiny")
    make_folder(folder / "faulty")
    (folder / "faulty/generation_config.json").write_text(json.dumps(
        {"eos_token_id": [2, 99], "repetition_penalty": 1.3, "suppress_tokens": [3]}))
    subprocess.run([sys.argv[1], "convert", "faulty", "-o", "faulty.gguf"], cwd=folder,
                   check=False, stdout=subprocess.DEVNULL)
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"suppress": [
        {"rule": "GEN020", "reason": "tried", "expires": "2999-01-01"},
        {"rule": "GEN006", "reason": "old", "expires": "2000-01-01"},
        {"rule": "GEN010", "reason": "never"}]}))
    yield run("tiny", folder=folder)
    yield run("faulty", "faulty.gguf", "--config", "settings.json", folder=folder)
    yield run("faulty.gguf", "--against", "tiny", folder=folder)
    (folder / "adapter").mkdir()
    (folder / "adapter/adapter_config.json").write_text(json.dumps({"r": 0}))
    yield run("adapter", folder=folder)
    yield run("adapter", "--base", "tiny", folder=folder)
    (folder / "rows.jsonl").write_text(json.dumps(
        {"instruction": "Go.", "output": ""}) + "\n")
    yield run("tiny", "--data", "rows.jsonl", "--cutoff", "4", folder=folder)
    yield live(folder)


def live(folder):
    """An answer of the probe, with all that it can measure."""
    config = json.loads((folder / "tiny/config.json").read_text())
    config["max_position_embeddings"] = 1024
    (folder / "tiny/config.json").write_text(json.dumps(config))
    (folder / "plan.json").write_text(json.dumps({
        "seed": 1, "known": 2, "greedy": 1, "sampled": 1, "max_tokens": 4, "variants": 1,
        "sweep_settings": 5, "sweep_replies": 2, "sweep_tokens": 4}))
    answer = run("tiny", "--live", "--plan", "plan.json", "--compare", "tiny", "--sweep",
                 folder=folder)
    probe = answer["targets"][-1]["live"]
    assert probe["compared"] and len(probe["own"]["replies"]) == 2
    assert sum(point["replies"] is not None for point in probe["sweep"]) == 5
    # A short answer has all the same fields.
    for part in (probe["known"]["replies"], probe["own"]["replies"], probe["dresses"],
                 probe["sweep"]):
        del part[2:]
    return answer


def holes(value, path=()):
    """The paths of all fields of all objects."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in items:
        if isinstance(value, dict):
            yield path + (key,)
        if isinstance(part, (dict, list)):
            yield from holes(part, path + (key,))


def without(value, path):
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return copy


def main():
    schema = json.loads((ROOT / "docs/doctor.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    optional = {"file", "line", "byte", "live", "data", "compared"}
    # What conversations and ends hold differs.
    free = {"messages", "end"}
    refused = failed = 0
    with tempfile.TemporaryDirectory() as place:
        for answer in answers(pathlib.Path(place)):
            for error in validator.iter_errors(answer):
                failed += 1
                print(list(error.absolute_path), error.message)
            for path in holes(answer):
                if path[-1] in optional or free & set(path[:-1]):
                    continue
                if validator.is_valid(without(answer, path)):
                    failed += 1
                    print("valid without", path)
                refused += 1
    print(f"{refused} answers that lack a field tried, {failed} faults")
    sys.exit(failed != 0 or refused == 0)


main()
