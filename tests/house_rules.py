"""The rules of the house, each a test: python3 tests/house_rules.py RULE [ARG…].

floors           no room includes a room above it
readme           each room has a README.md of at most 60 lines
lengths          how long files and functions may be
names            no two types of a namespace share a name
registered       each test and fuzz source is a program of the build (BUILD)
fuzz-corpora     each fuzz target has a corpus, each corpus a fuzz target
nm               the library never prints, exits or aborts (BUILD)
isa              code of an instruction set leaves no shared inline copy (BUILD)
format           clang-format changes nothing
tidy             clang-tidy and clang's warnings find nothing (BUILD)
words            the tree speaks of the project alone
"""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ("base format tokenizer jinja protocol generate kernels model convert engine "
          "cluster quant data measure train doctor server").split()
CODE = (".cc", ".h", ".cu", ".cuh")


def tracked(*patterns):
    """Files of the tree, as git sees them (untracked ones too)."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
         *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [p for p in (ROOT / line for line in sorted(set(out.stdout.split("\n"))) if line)
            if p.is_file()]


def code(*patterns):
    return [p for p in tracked(*patterns) if p.suffix in CODE]


def is_test(path):
    return path.stem.endswith("_test") or path.stem.endswith("_fuzz")


def floors():
    faults = []
    for path in code("src", "include"):
        parts = path.relative_to(ROOT).parts
        if parts[0] != "src":
            continue
        floor = FLOORS.index(parts[1])
        for number, line in enumerate(path.read_text().split("\n"), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            room = match.group(1).split("/")[0]
            where = f"{path.relative_to(ROOT)}:{number}"
            if room == "cli" or (room in FLOORS and FLOORS.index(room) > floor):
                faults.append(f"{where}: {parts[1]} includes {match.group(1)}, which is above it")
    return faults


def readme():
    faults = []
    for room in sorted(p for p in (ROOT / "src").iterdir() if p.is_dir()):
        page = room / "README.md"
        if not page.is_file():
            faults.append(f"src/{room.name} has no README.md")
        elif len(page.read_text().split("\n")) > 60:
            faults.append(f"src/{room.name}/README.md is longer than 60 lines")
    return faults


def function_lengths(text):
    """(first line, length) of each function body, by brace matching at the
    depth of namespaces and classes; strings, comments and preprocessor lines
    are blanked first. Tables of initialisers are not functions."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    text = re.sub(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                  blank, text, flags=re.S)
    text = re.sub(r"^\s*#[^\n]*(\\\n[^\n]*)*", blank, text, flags=re.M)
    found, stack, head = [], [], 0
    for i, c in enumerate(text):
        if c == "{":
            before = text[head:i]
            inside = any(kind == "function" for kind, _ in stack)
            if re.search(r"\b(namespace|class|struct|enum|union|extern)\b[^()=]*$", before):
                kind = "scope"
            elif not inside and ")" in before and not re.search(r"=\s*$", before):
                kind = "function"
            else:
                kind = "block"
            stack.append((kind, i))
            head = i + 1
        elif c == "}":
            if stack:
                kind, start = stack.pop()
                if kind == "function":
                    first = text.count("\n", 0, start) + 1
                    found.append((first, text.count("\n", start, i) + 1))
            head = i + 1
        elif c == ";":
            head = i + 1
    return found


def names():
    """Types that several objects see: of headers, and of sources outside an
    anonymous namespace. Two of one name are one to the linker, which takes the
    templates made of either for those of the other."""
    places = {}
    for path in code("src", "include", "cli", "tests", "issues", "bench"):
        if path.suffix == ".cc" and is_test(path):
            continue
        spaces = []
        text = path.read_text()
        for match in re.finditer(
                r"^(?:namespace ([\w:]*) ?\{|(\})  // namespace"
                r"|(?:struct|class|enum(?: class)?) (\w+)(?: final)?(?:\s+:[^;{]*)?\s*\{)",
                text, re.M):
            if match.group(2):
                spaces.pop()
            elif match.group(3) is None:
                spaces.append(match.group(1))
            elif "" not in spaces:
                name = "::".join([*spaces, match.group(3)])
                line = text.count("\n", 0, match.start()) + 1
                places.setdefault(name, []).append(f"{path.relative_to(ROOT)}:{line}")
    print(f"{len(places)} types")
    return [f"{name} is defined in {' and in '.join(where)}"
            for name, where in places.items() if len(where) > 1]


def lengths():
    """At most 3 % of functions over 60 lines, a picked line in a file of at
    most 450 lines (mean over lines), no file past 600 without a reason."""
    faults, functions, weights = [], [], []
    reasons = {}
    allowed = ROOT / "tests" / "long_files.txt"
    if allowed.is_file():
        for line in allowed.read_text().split("\n"):
            if line and not line.startswith("#"):
                name, reason = line.split(None, 1)
                reasons[name] = reason
    for path in code("src", "cli", "include", "bench"):
        if is_test(path):
            continue
        text = path.read_text()
        lines = text.count("\n")
        name = str(path.relative_to(ROOT))
        if name not in reasons:
            weights.append(lines)
            if lines > 600:
                faults.append(f"{name} has {lines} lines; split it, or give a reason in tests/long_files.txt")
        for first, length in function_lengths(text):
            functions.append((length, f"{name}:{first}"))
    mean = sum(n * n for n in weights) / max(1, sum(weights))
    long = sorted((f for f in functions if f[0] > 60), reverse=True)
    print(f"{len(weights)} files, a line sits in a file of {mean:.0f} lines; "
          f"{len(long)} of {len(functions)} functions are longer than 60")
    for length, where in long:
        print(f"  {length} lines: {where}")
    if mean > 450:
        faults.append(f"a line sits in a file of {mean:.0f} lines on average; 450 is the bound")
    if len(long) > 0.03 * len(functions):
        faults.append(f"{len(long)} of {len(functions)} functions are longer than 60 lines; 3 % is the bound")
    return faults


def registered(build):
    programs = {p.name for p in pathlib.Path(build).rglob("*_test")} | \
               {p.name for p in pathlib.Path(build).rglob("*_fuzz")}
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True,
                            text=True, check=True).stdout
    faults = []
    for path in code("src", "cli", "tests"):
        if not is_test(path):
            continue
        parts = path.relative_to(ROOT).parts
        room = parts[1] if parts[0] == "src" else parts[0]
        program = f"{room}_{path.stem}"
        if program not in programs:
            faults.append(f"{path.relative_to(ROOT)} is no program of the build")
        elif program not in listed:
            faults.append(f"{program} is built, and ctest does not run it")
    return faults


def fuzz_corpora():
    targets = {f"{p.relative_to(ROOT).parts[1]}_{p.stem}" for p in code("src")
               if p.stem.endswith("_fuzz")}
    corpora = {p.name for p in (ROOT / "tests/corpus").iterdir() if any(p.iterdir())}
    return [f"{t} has no corpus in tests/corpus" for t in sorted(targets - corpora)] + \
           [f"tests/corpus/{c} has no fuzz target" for c in sorted(corpora - targets)]


def nm_lines(*arguments):
    out = subprocess.run(["nm", "-C", *arguments], capture_output=True, text=True, check=True)
    return out.stdout.split("\n")


def archives(build):
    found = sorted(pathlib.Path(build).glob("src/*/libfullstop_*.a"))
    assert found, f"no libraries in {build}"
    return found


def nm(build):
    banned = re.compile(
        r" U (abort|exit|_exit|quick_exit|puts|printf|putchar|perror|fprintf|vfprintf|vprintf|"
        r"stdout|stderr|__assert_fail|__printf_chk|__fprintf_chk|std::cout|std::cerr|std::clog|"
        r"std::terminate\(\))(@.*)?$")
    faults = []
    for archive in archives(build):
        member = ""
        for line in nm_lines("-u", str(archive)):
            if line.endswith(".o:"):
                member = line[:-1]
            elif banned.search(line) and "std::terminate" not in line:
                faults.append(f"{archive.name}({member}) uses {line.split(' U ')[1]}")
    return faults


def isa(build):
    """Objects of an instruction set define no weak symbols: the linker could
    keep that copy of a shared inline function for all."""
    objects = [p for p in pathlib.Path(build).rglob("*.o")
               if re.search(r"kernels\.dir/(avx2|avx512|amx)/", str(p))]
    if not objects:
        return [f"no object of an instruction set in {build}"]
    faults = []
    for path in objects:
        for line in nm_lines("--defined-only", str(path)):
            if re.search(r"^\w+ [WVu] ", line) and "DW.ref" not in line:
                faults.append(f"{path.name} defines weak {line.split(None, 2)[2]}")
    return faults


def format_():
    result = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *map(str, code())],
                            capture_output=True, text=True)
    return [line for line in result.stderr.split("\n") if "error:" in line]


def included(path, found):
    """PATH and the project's files that it includes, into FOUND."""
    found.add(path)
    for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.MULTILINE):
        for folder in (path.parent, ROOT / "src", ROOT / "include", ROOT):
            other = folder / name
            if other.is_file() and other not in found:
                included(other, found)
    return found


def tidy_sum(path):
    """Of all that clang-tidy's word on PATH depends on in this tree."""
    sum_ = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for part in sorted(included(path, set())):
        sum_.update(f"{part.relative_to(ROOT)}\0".encode() + part.read_bytes())
    return sum_.hexdigest()


def tidy(build, *record):
    """Each source of the library and the program, compiled by clang as the
    build says. It takes minutes, so that what was found clean is recorded in
    tests/tidy.sums (with the word `record` behind BUILD), and only what has
    changed since is looked at."""
    def check(path):
        result = subprocess.run(
            ["clang-tidy-19", "-p", build, "--quiet",
             "--extra-arg=-Wno-unknown-warning-option", str(path)],
            capture_output=True, text=True)
        return [line for line in result.stdout.split("\n")
                if re.search(r": (error|warning): ", line)]
    recorded = ROOT / "tests" / "tidy.sums"
    clean = set(recorded.read_text().split("\n")) if recorded.is_file() else set()
    sources = [p for p in code("src", "cli") if p.suffix == ".cc" and not is_test(p)]
    lines = {path: f"{tidy_sum(path)}  {path.relative_to(ROOT)}" for path in sources}
    changed = [path for path in sources if lines[path] not in clean]
    print(f"{len(sources) - len(changed)} sources are as they were found clean, looking at {len(changed)}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(changed, pool.map(check, changed)))
    if record == ("record",):
        recorded.write_text("".join(f"{lines[path]}\n" for path in sources if not found.get(path)))
    return sorted({fault for faults in found.values() for fault in faults})


def words():
    """No path of a machine, no unfinished marks."""
    patterns = [r"(^|[^A-Za-z0-9_])/(work|farm|root)/", r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b"]
    faults = []
    for path in tracked():
        if path.suffix in (".json", ".bin", ".gguf") or "corpus" in path.parts:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for pattern in patterns:
                if re.search(pattern, line):
                    faults.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    return faults


RULES = {"floors": floors, "readme": readme, "lengths": lengths, "names": names, "registered": registered,
         "fuzz-corpora": fuzz_corpora, "nm": nm, "isa": isa, "format": format_, "tidy": tidy,
         "words": words}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in RULES:
        sys.exit(__doc__)
    faults = RULES[sys.argv[1]](*sys.argv[2:])
    for fault in faults:
        print(fault)
    print(f"{sys.argv[1]}: {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
