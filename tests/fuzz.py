"""Fuzzes a target, or measures what its kept corpus covers.

    python3 tests/fuzz.py run BUILD TARGET [--seconds CPU] [--seeds FOLDER]
    python3 tests/fuzz.py coverage BUILD

run        BUILD is that of the preset `fuzz`, TARGET a program such as
           jinja_template_fuzz. Runs it until it has used CPU seconds (1200) of
           user and system time, then merges what it found into
           tests/corpus/TARGET. An input that fails is left in
           BUILD/fuzz/TARGET.
coverage   BUILD is that of the preset `coverage`. Replays each corpus, prints
           the lines reached in each file of the parsers, and fails where a
           parser is reached in less than 90 % of them.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
# Parser: what replays it, and which files it is.
PARSERS = {
    "GGUF": (["format_gguf_fuzz", "format_gguf_split_fuzz"],
             r"src/format/(gguf|gguf_part|gguf_split|tensor_type|quote)\.cc|byte_cursor\.h"),
    "safetensors": (["format_safetensors_fuzz"],
                    r"src/format/(safetensors_part|safetensors_index|json_events)\.cc"),
    "Hugging Face folder": (["format_hf_folder_fuzz"],
                            r"src/format/(hf_folder|json_file)\.cc"),
    "JSON members": (["format_json_member_fuzz"], r"src/format/json_member\.cc"),
    "adapters": (["format_peft_adapter_fuzz"], r"src/format/peft_adapter\.cc"),
    "Jinja": (["jinja_template_fuzz"], r"src/jinja/"),
    "tokenizer tables": (["tokenizer_tokenizer_fuzz", "tokenizer_gguf_spec_fuzz",
                          "tokenizer_file_spec_fuzz", "tokenizer_folder_spec_fuzz"],
                         r"src/tokenizer/"),
    "chat input": (["protocol_chat_input_fuzz", "protocol_resolve_fuzz"],
                   r"src/protocol/(context|kept|normalize|render|reply)\.cc"),
    "replies": (["protocol_reply_parser_fuzz"],
                r"src/protocol/(reply_parser\w*|reply_events|json_call_reader|literal_value|symbols)\.cc"),
    "recipes": (["data_trainer_settings_fuzz"], r"src/data/trainer_settings\.cc"),
    "stop machine": (["generate_stop_machine_fuzz", "generate_trace_fuzz"],
                     r"src/generate/(stop_machine|byte_matcher|utf8_joiner|end|end_json|json_fields|"
                     r"replay|stop_config_json|trace|trace_reader)\.cc"),
}
BOUND = 90
MOST = 400  # inputs of a corpus
INPUT_SECONDS = 25
INTERRUPTED = 72  # libFuzzer's exit status


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def program(build, target):
    return pathlib.Path(build) / "src" / target.split("_")[0] / target


def ended(process):
    """The exit status of a fuzzer that ends by itself or was interrupted. Its
    answer to an interrupt allocates: one that comes within malloc is never
    answered. An input has had its time limit by then."""
    try:
        return process.wait(timeout=2 * INPUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return INTERRUPTED


def run(build, target, seconds, seeds):
    """Wall time says little on a shared machine, so CPU time is counted."""
    folder = pathlib.Path(build) / "fuzz" / target
    found = folder / "found"
    found.mkdir(parents=True, exist_ok=True)
    words = ROOT / "tests" / "fuzz" / f"{target}.dict"
    kept = CORPUS / target
    command = [str(program(build, target)), str(found), str(kept), *seeds,
               f"-artifact_prefix={folder}/", f"-timeout={INPUT_SECONDS}", "-rss_limit_mb=2048",
               "-max_len=2048", *([f"-dict={words}"] if words.is_file() else [])]
    process = subprocess.Popen(command)
    used = 0.0
    while process.poll() is None:
        used = cpu_seconds(process.pid)
        if used >= seconds:
            process.send_signal(signal.SIGINT)
            break
        time.sleep(1)
    if ended(process) not in (0, INTERRUPTED):
        sys.exit(f"{target} failed after {used:.0f} s of CPU time; the input is in {folder}")
    print(f"{target}: {used:.0f} s of CPU time, no input failed")
    merge(build, target, [found, *seeds])


def edges(build, target, folders):
    """The edges that each input in FOLDERS reaches: {path: set}."""
    work = pathlib.Path(build) / "fuzz" / target / "merge"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    log = work / "control"
    subprocess.run([str(program(build, target)), "-merge=1", "-use_counters=0",
                    f"-merge_control_file={log}", str(work), *map(str, folders)], check=True)
    count, _, *lines = log.read_text().split("\n")
    paths = [pathlib.Path(line) for line in lines[:int(count)]]
    reached = {path: set() for path in paths}
    for line in lines[int(count):]:
        if line.startswith("FT "):
            _, index, *found = line.split()
            reached[paths[int(index)]].update(found)
    return reached


def merge(build, target, sources):
    """Keeps inputs with a name, and of the others as many as it takes to reach
    all edges, at most MOST, the most useful first."""
    kept = CORPUS / target
    reached = edges(build, target, [kept, *sources])
    named = [path for path in kept.iterdir() if not path.name.startswith("found_")]
    seen = set().union(*(reached.get(path, set()) for path in named))
    chosen = []
    while len(named) + len(chosen) < MOST:
        best = max(reached, key=lambda path: (len(reached[path] - seen), -path.stat().st_size))
        if reached[best] <= seen:
            break
        chosen.append(best.read_bytes())
        seen |= reached[best]
    for path in kept.glob("found_*"):
        path.unlink()
    for content in chosen:
        (kept / f"found_{hashlib.sha1(content).hexdigest()[:8]}").write_bytes(content)
    missed = len(set().union(*reached.values()) - seen)
    print(f"{kept.relative_to(ROOT)}: {len(named)} inputs with a name, {len(chosen)} others, "
          f"{missed} edges left out")


def line_counts(build, targets, folder):
    """(file, lines, lines reached) of all sources that TARGETS replay."""
    profiles = []
    for target in targets:
        profiles.append(folder / f"{target}.profraw")
        subprocess.run([str(program(build, target)), str(CORPUS / target)], check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "LLVM_PROFILE_FILE": str(profiles[-1])})
    data = folder / "merged.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", *map(str, profiles), "-o", str(data)],
                   check=True)
    objects = [argument for target in targets
               for argument in ("-object", str(program(build, target)))][1:]
    out = subprocess.run(["llvm-cov-19", "export", "-summary-only", *objects,
                          f"-instr-profile={data}"], capture_output=True, text=True, check=True)
    for file in json.loads(out.stdout)["data"][0]["files"]:
        lines = file["summary"]["lines"]
        yield os.path.relpath(file["filename"], ROOT), lines["count"], lines["covered"]


def coverage(build):
    folder = pathlib.Path(build) / "profiles"
    folder.mkdir(exist_ok=True)
    low = False
    for parser, (targets, files) in PARSERS.items():
        rows = [row for row in line_counts(build, targets, folder)
                if re.search(files, row[0]) and "_fuzz" not in row[0]]
        lines, reached = sum(row[1] for row in rows), sum(row[2] for row in rows)
        print(f"{parser}: {100 * reached / lines:.1f} % of {lines} lines")
        for name, count, covered in sorted(rows):
            print(f"  {100 * covered / max(1, count):5.1f} %  {covered:5} of {count:5}  {name}")
        low |= 100 * reached < BOUND * lines
    sys.exit(1 if low else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fuzz = commands.add_parser("run")
    fuzz.add_argument("build")
    fuzz.add_argument("target")
    fuzz.add_argument("--seconds", type=float, default=1200)
    fuzz.add_argument("--seeds", action="append", default=[])
    commands.add_parser("coverage").add_argument("build")
    arguments = parser.parse_args()
    if arguments.command == "run":
        run(arguments.build, arguments.target, arguments.seconds, arguments.seeds)
    else:
        coverage(arguments.build)


main()
