"""Healthy models have nothing at warning or above.

    doctor_healthy.py FULLSTOP --templates FOLDER --base MODEL.gguf

Each template with the ends that its makers declare (doctor_models.py), and MODEL
itself. Those that the table calls faulty, at most five, have to be found.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import doctor_models

MOST_EXCEPTIONS = 5


def harm(program, model):
    done = subprocess.run([program, "doctor", str(model), "--format", "json"],
                          stdout=subprocess.PIPE, check=False)
    return [f"{each['severity']} {each['rule']} {each['message']}"
            for each in json.loads(done.stdout)["targets"][0]["findings"]
            if each["severity"] != "note"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--templates", type=pathlib.Path, required=True)
    parser.add_argument("--base", required=True)
    args = parser.parse_args()
    base = doctor_models.small_base(args.base)
    exceptions = [name for name, each in doctor_models.ENDS.items() if "faulty" in each]
    assert len(exceptions) <= MOST_EXCEPTIONS
    wrong = models = 0
    with tempfile.TemporaryDirectory() as place:
        targets = [pathlib.Path(args.base)]
        for template in sorted(args.templates.glob("*.jinja")):
            targets.append(doctor_models.make(base, template, pathlib.Path(place)))
        for target in targets:
            found = harm(args.program, target)
            models += 1
            if bool(found) != (target.name in exceptions):
                wrong += 1
                print(target.name, found or "has nothing, and should")
    print(f"{models} models, {len(exceptions)} known to be faulty: {wrong} judged wrongly")
    sys.exit(wrong != 0)


main()
