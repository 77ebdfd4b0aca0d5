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
    optional = {"file", "line", "byte"}
    refused = failed = 0
    with tempfile.TemporaryDirectory() as place:
        for answer in answers(pathlib.Path(place)):
            for error in validator.iter_errors(answer):
                failed += 1
                print(list(error.absolute_path), error.message)
            for path in holes(answer):
                if path[-1] in optional:
                    continue
                if validator.is_valid(without(answer, path)):
                    failed += 1
                    print("valid without", path)
                refused += 1
    print(f"{refused} answers that lack a field tried, {failed} faults")
    sys.exit(failed != 0 or refused == 0)


main()
