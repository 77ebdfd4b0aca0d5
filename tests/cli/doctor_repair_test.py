"""`doctor --fix`, `--diff` and `--against`: what is written, and what is not."""
import json
import shutil
import subprocess

from harness import NAME, CliTest, main
from tiny_folder import make_folder

FAULTY = """{
  "eos_token_id": [
    2,
    99
  ],
  "repetition_penalty": 1.3,
  "suppress_tokens": [3, 7],
  "min_length": 5,
  "temperature": 0.6
}
"""
MENDED = """{
  "eos_token_id": [
    2,
    3
  ],
  "suppress_tokens": [7],
  "temperature": 0.6
}
"""


class DoctorRepairTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "tiny")
        make_folder(cls.folder / "faulty")
        (cls.folder / "faulty/generation_config.json").write_text(FAULTY)

    def findings(self, *args):
        answer = self.run_it("doctor", *args, "--format", "json")
        self.assertIn(answer.code, (0, 1), answer.err)
        return answer.json()["targets"][0]["findings"]

    def harm(self, *args):
        return {each["rule"] for each in self.findings(*args) if each["severity"] != "note"}

    def lost(self, name, *keys):
        """The GGUF file of the healthy folder without KEYS."""
        self.run_it("convert", "tiny", "-o", name)
        whole = (self.folder / name).read_bytes()
        for key in keys:
            self.assertEqual(whole.count(key), 1)
            whole = whole.replace(key, key[:-1] + b"_")
        (self.folder / name).write_bytes(whole)
        return whole

    def tensors(self, name):
        """The data of all tensors, which stands at the end of the file."""
        weights = (self.folder / "tiny/model.safetensors").read_bytes()
        size = len(weights) - 8 - int.from_bytes(weights[:8], "little")
        return (self.folder / name).read_bytes()[-size:]

    def test_what_a_conversion_lost_is_named(self):
        self.lost("lost.gguf", b"tokenizer.ggml.eot_token_id", b"fullstop.stop_token_ids",
                  b"general.sampling.temp")
        found = {each["rule"]: each for each in self.findings("lost.gguf", "--against", "tiny")}
        self.assertIn("<|end|> (3) is declared as an end, and the file has lost it",
                      found["GGUF001"]["message"])
        self.assertEqual(found["GGUF006"]["evidence"][0],
                         {"where": "generation_config.json: temperature", "shown": "0.6"})
        self.assertFalse([rule for rule in found if rule.startswith("GGUF00") and
                          rule not in ("GGUF001", "GGUF006")])
        self.lost("whole.gguf")
        self.assertFalse([each for each in self.findings("whole.gguf", "--against", "tiny")
                          if each["rule"].startswith("GGUF")])

    def test_without_the_folder_nothing_is_said_of_the_conversion(self):
        self.lost("alone.gguf")
        target = self.good("doctor", "alone.gguf", "--format", "json").json()["targets"][0]
        unknown = {each["rule"] for each in target["not_evaluated"]}
        self.assertLessEqual({f"GGUF00{i}" for i in range(1, 9)}, unknown)
        self.assertIn("--against", self.good("doctor", "alone.gguf").out)

    def test_each_change_of_a_conversion_has_its_rule(self):
        shutil.copytree(self.folder / "tiny", self.folder / "other")
        path = self.folder / "other/tokenizer_config.json"
        other = json.loads(path.read_text())
        other["chat_template"] = other["chat_template"].replace("<|end|>", "<|end|>\\n")
        path.write_text(json.dumps(other))
        path = self.folder / "other/tokenizer.json"
        other = json.loads(path.read_text())
        other["normalizer"] = {"type": "Lowercase"}
        other["added_tokens"][0]["special"] = False
        path.write_text(json.dumps(other))
        path = self.folder / "other/generation_config.json"
        path.write_text(json.dumps({"eos_token_id": [2]}))
        make_folder(self.folder / "more")
        (self.folder / "more/generation_config.json").write_text('{"eos_token_id": [2, 3, 0]}')
        self.run_it("convert", "more", "-o", "file.gguf")
        found = {each["rule"] for each in self.findings("file.gguf", "--against", "other")}
        self.assertLessEqual({"GGUF002", "GGUF003", "GGUF004", "GGUF008"}, found)

    def test_a_gguf_file_is_repaired_into_a_new_one(self):
        before = self.lost("broken.gguf", b"tokenizer.ggml.eot_token_id",
                           b"fullstop.stop_token_ids")
        self.assertEqual(self.harm("broken.gguf"), {"GEN001"})
        answer = self.good("doctor", "broken.gguf", "--fix", "mended.gguf")
        self.assertIn("GEN001: declare <|end|> (3) as an end", answer.err)
        self.assertIn("mended.gguf: GGUF file", answer.out)
        self.assertEqual(self.harm("mended.gguf"), set())
        self.assertEqual((self.folder / "broken.gguf").read_bytes(), before)
        self.assertEqual(self.tensors("mended.gguf"), self.tensors("broken.gguf"))
        self.assertIn(b"tokenizer.ggml.eot_token_id", (self.folder / "mended.gguf").read_bytes())

    def test_with_the_folder_all_that_was_lost_comes_back(self):
        self.lost("poor.gguf", b"tokenizer.ggml.eot_token_id", b"fullstop.stop_token_ids",
                  b"general.sampling.temp")
        self.good("doctor", "poor.gguf", "--against", "tiny", "--fix", "rich.gguf")
        self.assertFalse([each for each in self.findings("rich.gguf", "--against", "tiny")
                          if each["rule"].startswith("GGUF")])

    def test_a_folder_is_patched_and_nothing_else_touched(self):
        answer = self.good("doctor", "faulty", "--fix", "patched", "--unsafe-fixes")
        self.assertEqual(sorted(each.name for each in (self.folder / "patched").iterdir()),
                         ["config.json", "generation_config.json"])
        before = (self.folder / "faulty/config.json").read_text()
        self.assertEqual((self.folder / "patched/config.json").read_text(),
                         before.replace('"eos_token_id": 2', '"eos_token_id": [2, 3]'))
        self.assertEqual((self.folder / "patched/generation_config.json").read_text(), MENDED)
        self.assertEqual((self.folder / "faulty/generation_config.json").read_text(), FAULTY)
        for told in ("GEN001: declare <|end|> (3)", "GEN005: declare 99 as an end no more",
                     "GEN006: let <|end|> (3) be sampled", "GEN020: take repetition_penalty away",
                     "GEN021: take min_length away"):
            self.assertIn(told, answer.err)
        shutil.copytree(self.folder / "faulty", self.folder / "whole")
        shutil.copytree(self.folder / "patched", self.folder / "whole", dirs_exist_ok=True)
        self.assertEqual(self.harm("whole"), set())

    def test_what_may_change_what_was_meant_waits_for_a_word(self):
        answer = self.good("doctor", "faulty", "--fix", "careful")
        self.assertIn("2 findings left: --unsafe-fixes", answer.err)
        self.assertIn('"repetition_penalty": 1.3',
                      (self.folder / "careful/generation_config.json").read_text())

    def test_a_folder_without_a_file_of_settings_gets_one(self):
        make_folder(self.folder / "bare")
        (self.folder / "bare/generation_config.json").unlink()
        self.good("doctor", "bare", "--fix", "bare-mended")
        written = json.loads((self.folder / "bare-mended/generation_config.json").read_text())
        self.assertEqual(written, {"bos_token_id": 1, "eos_token_id": [2, 3]})

    def test_a_patch_applies(self):
        answer = self.good("doctor", "faulty", "--diff", "--unsafe-fixes")
        shutil.copytree(self.folder / "faulty", self.folder / "applied")
        subprocess.run(["git", "apply", "-p1"], input=answer.raw, check=True,
                       cwd=self.folder / "applied")
        self.assertEqual((self.folder / "applied/generation_config.json").read_text(), MENDED)

    def test_what_can_not_be_done_is_told(self):
        self.lost("same.gguf", b"tokenizer.ggml.eot_token_id", b"fullstop.stop_token_ids")
        (self.folder / "full").mkdir()
        self.write("full/generation_config.json", "{}")
        for words, texts in (
                (["same.gguf", "--fix", "same.gguf"], ["in place"]),
                (["faulty", "--fix", "full"], ["there already"]),
                (["faulty", "tiny", "--fix", "out"], ["one target"]),
                (["faulty", "--fix", "out", "--diff"], ["one of them"]),
                (["same.gguf", "--diff"], ["--fix"]),
                (["tiny", "--against", "faulty"], ["only a GGUF file"]),
                (["same.gguf", "--against", "same.gguf"], ["folder"]),
                ([NAME, "--against", "tiny"], ["different models"]),
                (["same.gguf", "--fix", "no/such/folder/x.gguf"], ["no/such/folder"])):
            self.refused("doctor", *words, says=texts)
        self.assertEqual(self.good("doctor", "tiny", "--fix", "none").err.strip(),
                         "there is nothing to repair: nothing was written")
        self.assertFalse((self.folder / "none").exists())
        self.assertFalse((self.folder / "out").exists())


main()
