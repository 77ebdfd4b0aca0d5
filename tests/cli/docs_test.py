"""The commands that README.md and docs/ show do what they say."""
import pathlib
import re
import shlex

from harness import NAME, CliTest, main
from tiny_folder import make_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACEHOLDERS = {"MODEL": NAME, "TRACE": "reply.jsonl", "FILE": "file",
                "FOLDER": "folder", "OLD.gguf": "old.gguf", "ADAPTER": "adapter"}
FILES = {"--messages": "chat.json", "--trace": "reply.jsonl",
         "--template": "chat.jinja", "--tools": "tools.json"}


def commands(text):
    """Each `fullstop …` in a line of code or a row of a table."""
    for line in text.splitlines():
        for code in re.findall(r"`([^`]+)`", line) + [line.strip()]:
            code = re.sub(r"^\$ ", "", code).replace("build/fullstop",
                                                     "fullstop")
            if code == "fullstop replay":  # named, not shown
                continue
            if re.match(r"fullstop [a-z]+", code) and "…" not in code:
                yield code


class DocsTest(CliTest):
    def fill(self, code):
        """CODE with its placeholders filled in, and [optional] ones too."""
        words = shlex.split(re.sub(r"[\[\]]", "", code))[1:]
        for i, word in enumerate(words):
            if word == "FILE" and words[i - 1] in FILES:
                words[i] = FILES[words[i - 1]]
            elif word == "FILE":
                words[i] = {"replay": "reply.jsonl", "data": "rows.jsonl",
                            "doctor": "rows.jsonl"}.get(words[0], "ids.txt")
            elif word == "TEXT":
                words[i] = "Hi"
            else:
                words[i] = PLACEHOLDERS.get(word, word)
        if words[0] in ("chat", "generate"):
            words += ["-n", "3"]
        if words[0] == "bench":
            words += ["-p", "8", "-n", "1", "-r", "1"]
        return words

    def test_commands_run(self):
        self.write("chat.json", '[{"role": "user", "content": "Hi"}]')
        self.write("ids.txt", "504 3575")
        self.write("rows.jsonl", "".join(
            '{"instruction": "Count.", "output": "It is %d."}\n' % i for i in range(20)))
        self.good("generate", "-p", "Hi", "-n", "3", "--trace", "reply.jsonl")
        make_folder(self.folder / "folder")
        (self.folder / "adapter").mkdir()
        self.write("adapter/adapter_config.json", '{"peft_type": "LORA", "r": 4}')
        self.good("convert", "folder", "-o", "old.gguf")
        ran = 0
        for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            for code in commands(file.read_text()):
                with self.subTest(file=file.name, code=code):
                    self.good(*self.fill(code), stdin="Hi\n")
                    ran += 1
        self.assertGreater(ran, 10)

    def test_every_flag_exists(self):
        known = ""
        for command in ["chat", "generate", "show", "render", "tokenize",
                        "detokenize", "score", "replay", "convert", "bench", "doctor",
                        "data check", "data show"]:
            known += self.good(*command.split(), "--help").out
        for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            for line in file.read_text().splitlines():
                if "quickstart" in line or "cmake" in line:
                    continue
                for flag in re.findall(r"`[^`]*?(--[a-z][a-z-]*)", line):
                    with self.subTest(file=file.name, flag=flag):
                        self.assertRegex(known, flag + r"\b")


if __name__ == "__main__":
    main()
