"""`doctor`'s rules, each with files that have a fault and files that have none."""
import json
import shutil

from harness import CliTest, main
from tiny_folder import make_folder

PART = ("{% if m.content is string %}{{ m.content }}{% else %}"
        "{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}")


def template(answer, role="{{ m.role }} "):
    """A template whose turns are written as ANSWER."""
    return ("{{ bos_token }}{% for m in messages %}" + role + answer + "{% endfor %}"
            "{% if add_generation_prompt %}assistant {% endif %}")


class DoctorRulesTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "tiny")

    def changed(self, **files):
        """The healthy folder with members of its FILES changed."""
        folder = self.folder / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / "tiny", folder)
        for name, members in files.items():
            path = folder / f"{name}.json"
            whole = json.loads(path.read_text())
            whole.update(members)
            path.write_text(json.dumps(whole))
        return "changed"

    def found(self, rule, target="changed"):
        """The findings of RULE."""
        answer = self.run_it("doctor", target, "--select", rule, "--format", "json")
        self.assertIn(answer.code, (0, 1), answer.err)
        return answer.json()["targets"][0]["findings"]

    def severity(self, rule, **files):
        """Of the only finding of RULE; None where there is none."""
        found = self.found(rule, self.changed(**files))
        self.assertLess(len(found), 2, found)
        return found[0]["severity"] if found else None

    def repaired(self, rule):
        """What RULE finds once the changed folder is repaired; its files."""
        shutil.rmtree(self.folder / "mended", ignore_errors=True)
        self.good("doctor", "changed", "--select", rule, "--fix", "mended", "--unsafe-fixes")
        shutil.copytree(self.folder / "mended", self.folder / "changed", dirs_exist_ok=True)
        return self.found(rule)

    def test_a_bias_bans_an_end_in_each_form(self):
        for bias in ([[[3], -100.0]], {"(3,)": -100.0}, {"[3]": -10}, [{"3": -100.0}]):
            made = {"sequence_bias": bias}
            self.assertEqual(self.severity("GEN006", generation_config=made), "error", bias)
            self.assertEqual(self.repaired("GEN006"), [], bias)
            mended = (self.folder / "changed/generation_config.json").read_text()
            self.assertNotIn("sequence_bias", mended)
        for bias in ([[[3], -2.0]], [[[3, 4], -100.0]], [[[3], 100.0]], {"(3, 4)": -100.0},
                     [[[5], -100.0]], {"x": -100.0}, [], None, 7, [3], [[[3]]], [[[3], None]]):
            made = {"sequence_bias": bias}
            self.assertEqual(self.severity("GEN006", generation_config=made), None, bias)

    def test_an_end_that_nothing_writes_may_be_banned(self):
        for made in ({"sequence_bias": [[[2], -100.0]]}, {"suppress_tokens": [2]}):
            self.assertEqual(self.severity("GEN006", generation_config=made), "warning", made)

    def test_a_ban_leaves_other_ends_of_such_replies(self):
        two = template("{{ m.content }}{{ '</s>' if strict else '<|end|>' }}")
        files = {"tokenizer_config": {"chat_template": two}}
        made = {"suppress_tokens": [3]}
        self.assertEqual(self.severity("GEN006", generation_config=made, **files), "warning")
        made = {"suppress_tokens": [3], "sequence_bias": [[[2], -100.0]]}
        self.changed(generation_config=made, **files)
        self.assertEqual([each["severity"] for each in self.found("GEN006")], ["error"] * 2)
        files["tokenizer_config"]["chat_template"] = [
            {"name": "default", "template": template("{{ m.content }}<|end|>")},
            {"name": "tool_use", "template": template("{{ m.content }}</s>")}]
        made = {"suppress_tokens": [3]}
        self.assertEqual(self.severity("GEN006", generation_config=made, **files), "error")
        files["tokenizer_config"]["chat_template"] = two
        made = {"suppress_tokens": [3], "eos_token_id": [3]}
        files["config"] = {"eos_token_id": 3}
        files["tokenizer_config"]["eos_token"] = "<|end|>"
        self.assertEqual(self.severity("GEN006", generation_config=made, **files), "error")

    def test_bad_words_that_are_ends_are_lifted_by_transformers(self):
        made = {"bad_words_ids": [[3], [4, 5]]}
        self.assertEqual(self.severity("GEN006", generation_config=made), "warning")
        self.assertEqual(self.repaired("GEN006"), [])
        self.assertIn("[[4,5]]", (self.folder / "changed/generation_config.json").read_text())
        made["eos_token_id"] = [2]
        self.assertEqual(self.severity("GEN006", generation_config=made), "error")

    def test_a_least_length_that_is_the_greatest_forbids_all_ends(self):
        for made, severity in (
                ({"min_new_tokens": 512, "max_new_tokens": 512}, "error"),
                ({"min_new_tokens": 1, "max_new_tokens": 1}, "error"),
                ({"min_new_tokens": 9, "max_length": 8}, "error"),
                ({"min_length": 9, "max_length": 9}, "error"),
                ({"min_length": 9, "max_length": 9, "max_new_tokens": 5}, "warning"),
                ({"min_new_tokens": 8, "max_length": 8, "max_new_tokens": 9}, "warning"),
                ({"min_new_tokens": 511, "max_new_tokens": 512}, "warning"),
                ({"min_new_tokens": 0, "max_new_tokens": 0}, None),
                ({"min_new_tokens": 1, "max_new_tokens": 512}, None)):
            self.assertEqual(self.severity("GEN021", generation_config=made), severity, made)

    def test_a_stop_string_inside_of_replies_cuts_them(self):
        thinking = {"chat_template": template(
            "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}"
            "{{ m.content }}<|end|>")}
        for strings, severity in ((["\n"], "warning"), ("\n\n\n", "warning"), (" ", "warning"),
                                  (["<|end|>"], "note"), (["User:"], "note"),
                                  (["</think>"], "warning"), (["assistant "], "note"),
                                  ([], None), (None, None), ([3], None), ([""], None)):
            self.assertEqual(self.severity("GEN025", generation_config={"stop_strings": strings},
                                           tokenizer_config=thinking), severity, strings)

    def test_special_tokens_that_are_split(self):
        split = {"split_special_tokens": True}
        self.assertEqual(self.severity("TOK014", tokenizer_config=split), "error")
        split["chat_template"] = template("{{ m.content }}\n")
        self.assertEqual(self.severity("TOK014", tokenizer_config=split), "note")
        for value in (False, None):
            split["split_special_tokens"] = value
            self.assertEqual(self.severity("TOK014", tokenizer_config=split), None)

    def test_answers_of_parts(self):
        for end, severity in (("<|end|>", None),
                              ("{{ '<|end|>' if m.content is string }}", "error"),
                              ("{{ '<|end|>' if m.content is string else '</s>' }}", "note"),
                              ("{{ '<|end|>' if m.content is string or not tools }}", "error")):
            made = {"chat_template": template(PART + end)}
            self.assertEqual(self.severity("TPL017", tokenizer_config=made), severity, end)
        refuses = "{% if m.content is not string %}{{ raise_exception('text') }}{% endif %}"
        made = {"chat_template": template(refuses + "{{ m.content }}<|end|>")}
        self.assertEqual(self.severity("TPL017", tokenizer_config=made), None)

    def test_what_is_learnt_of_an_answer(self):
        learnt = "{% generation %}{{ m.content }}"
        for answer, severity in ((learnt + "<|end|>{% endgeneration %}", None),
                                 (learnt + "{% endgeneration %}<|end|>", "warning"),
                                 ("{{ m.content }}<|end|>", None)):
            made = {"chat_template": template(
                "{% if m.role == 'assistant' %}" + answer +
                "{% else %}{{ m.content }}<|end|>{% endif %}")}
            self.assertEqual(self.severity("TPL018", tokenizer_config=made), severity, answer)

    def test_a_word_is_no_end(self):
        for word in (9, 30):
            made = {"eos_token_id": [2, 3, word]}
            self.assertEqual(self.severity("TOK001", generation_config=made), "warning")
        made = {"eos_token_id": [2, 3, 9]}
        self.severity("TOK001", generation_config=made)
        finding = self.found("TOK001")[0]
        self.assertIn("replies that hold it are cut", finding["message"])
        self.assertEqual(finding["repair"], "take 9 out of the declared ends")
        self.assertEqual(self.repaired("TOK001"), [])
        self.severity("TOK001", generation_config={"eos_token_id": [9]})
        self.assertIsNone(self.found("TOK001")[0]["fix"])
        made = {"chat_template": template("{{ m.content }}f")}
        self.severity("TOK001", generation_config={"eos_token_id": [9]}, tokenizer_config=made)
        self.assertNotIn("replies that hold it", self.found("TOK001")[0]["message"])

    def test_a_part_of_config_declares_other_ends(self):
        inner = {"text_config": {"eos_token_id": 9}}
        self.changed(config=inner)
        found = self.found("GEN011")
        apart = [each for each in found if each["severity"] == "warning"]
        self.assertEqual(len(apart), 3, found)
        self.assertEqual([each["where"] for each in apart[0]["evidence"]],
                         ["config.json", "config.json: text_config"])
        self.assertEqual({each["severity"] for each in self.repaired("GEN011")}, {"note"})
        mended = json.loads((self.folder / "changed/config.json").read_text())
        self.assertEqual(sorted(mended["text_config"]["eos_token_id"]), [2, 3, 9])
        inner["text_config"]["eos_token_id"] = 2
        self.changed(config=inner)
        self.assertEqual({each["severity"] for each in self.found("GEN011")}, {"note"})

    def test_files_in_line_declare_no_word(self):
        self.changed(config={"text_config": {"eos_token_id": 9}},
                     generation_config={"eos_token_id": [2, 3, 10]})
        self.assertEqual(len(self.found("TOK001")), 2)
        self.assertEqual({each["rule"] for each in self.repaired("TOK001,GEN011")}, {"GEN011"})

    def test_a_list_of_ends_that_begins_with_another_is_no_remark(self):
        self.changed(generation_config={"eos_token_id": [3, 2]})
        self.assertNotIn("which is used", json.dumps(self.found("TOK006")))

    def test_a_template_for_tools_is_named(self):
        tools = template("{{ m.content }}</s>")
        named = [{"name": "default", "template": template("{{ m.content }}<|end|>")},
                 {"name": "tool_use", "template": tools}]
        ends = {"config": {"eos_token_id": 3}, "generation_config": {"eos_token_id": [3]}}
        made = {"chat_template": named, "eos_token": "<|end|>"}
        self.assertEqual(self.severity("GEN001", tokenizer_config=made, **ends), "error")
        self.assertIn("the template 'tool_use', which is used where tools are given, ends an "
                      "answer with </s> (2)", self.found("GEN001")[0]["message"])
        named[1]["template"] = template("{{ m.content }}[foreign]")
        self.assertEqual(self.severity("GEN003", tokenizer_config=made, **ends), "error")
        named[1]["template"] = template("{{ m.content }}<|end|>")
        self.assertEqual(self.severity("GEN003", tokenizer_config=made, **ends), None)

    def test_a_normalizer_hides_an_end(self):
        tokens = json.loads((self.folder / "tiny/tokenizer.json").read_text())["added_tokens"]
        for field, says in (("normalized", "normalized of the added token"),
                            ("single_word", "take single_word")):
            entries = [dict(each, **{field: each["id"] == 3}) for each in tokens]
            made = {"added_tokens": entries, "normalizer": {"type": "Prepend", "prepend": "x"}}
            self.assertEqual(self.severity("TOK008", tokenizer=made), "error", field)
            self.assertIn(says, self.found("TOK008")[0]["repair"])


main()
