"""The doctor on training data, beside the tokenizer alone on the same texts.

    python3 bench/doctor_data.py FULLSTOP DRIVERS MODEL.gguf DATA [--threads 2] [--pairs 3]

DATA: JSONL with instruction, input and output. DRIVERS: the folder of tokenizer_driver and
protocol_driver. Their texts are what the model's template makes of the rows;
as many tokenizers as threads share them, each with its part in memory, and the
slowest counts. Loading and reading count for the doctor alone. Interleaved;
what is printed are medians: MB/s of the file without a model, ids per second
with one, and the median of the ratios pair by pair. Says where the two do not
come to the same ids.
"""

import argparse
import base64
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time


def messages(row):
    words = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return [{"role": "user", "content": words}, {"role": "assistant", "content": row["output"]}]


def write_texts(arguments, folder):
    """One file of requests for each thread."""
    asked = folder / "asked"
    with open(arguments.data, encoding="utf-8") as rows, open(asked, "w", encoding="utf-8") as out:
        for row in rows:
            request = {"messages": messages(json.loads(row)), "normalize": True,
                       "add_generation_prompt": False}
            out.write(json.dumps(request) + "\n")
    parts = [folder / f"part{i}" for i in range(arguments.threads)]
    files = [open(part, "w", encoding="utf-8") for part in parts]
    with open(asked, encoding="utf-8") as requests, subprocess.Popen(
            [arguments.drivers / "protocol_driver", "render", arguments.model], stdin=requests,
            stdout=subprocess.PIPE, text=True) as render:
        for i, line in enumerate(render.stdout):
            text = json.loads(line)["text"]
            request = {"text": base64.b64encode(text.encode()).decode(), "parse_special": True}
            files[i % len(files)].write(json.dumps(request) + "\n")
    for file in files:
        file.close()
    return parts


def doctor(arguments, *model):
    """Seconds, and the ids that it counted."""
    start = time.perf_counter()
    run = subprocess.run([arguments.fullstop, "doctor", *model, "--data", arguments.data],
                         capture_output=True, text=True)
    seconds = time.perf_counter() - start
    assert run.returncode in (0, 1), run.stderr
    found = re.search(r"rows, (\d+) ids", run.stdout)
    return seconds, int(found[1]) if found else 0


def tokenizers(arguments, parts):
    """Seconds of the slowest, and the ids of all."""
    runs = []
    for part in parts:
        with open(part, encoding="utf-8") as requests:
            runs.append(subprocess.Popen([arguments.drivers / "tokenizer_driver", "--time", arguments.model],
                                         stdin=requests, stdout=subprocess.PIPE, text=True))
    answers = [json.loads(run.communicate()[0]) for run in runs]
    return max(each["encode"] for each in answers), sum(each["ids"] for each in answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fullstop")
    parser.add_argument("drivers", type=pathlib.Path)
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    raw, ours, alone = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        parts = write_texts(arguments, pathlib.Path(folder))
        for _ in range(arguments.pairs):
            raw.append(doctor(arguments)[0])
            seconds, ids = doctor(arguments, arguments.model)
            ours.append(ids / seconds)
            seconds, encoded = tokenizers(arguments, parts)
            alone.append(encoded / seconds)
            if ids != encoded:
                print(f"the doctor counted {ids} ids, the tokenizers {encoded}")
    ratios = [a / b for a, b in zip(ours, alone)]
    size = pathlib.Path(arguments.data).stat().st_size / 1e6
    print(f"without a model  {size / statistics.median(raw):10.0f} MB/s")
    print(f"with a model     {statistics.median(ours) / 1e6:10.2f} million ids/s")
    print(f"tokenizers alone {statistics.median(alone) / 1e6:10.2f} million ids/s")
    print(f"ratio            {statistics.median(ratios):10.3f}  ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
