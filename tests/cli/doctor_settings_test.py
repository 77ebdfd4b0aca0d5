"""`doctor`'s configuration, suppressions, baselines and formats."""
import json
import pathlib
import re

from harness import CliTest, main
from tiny_folder import make_folder

CHOSEN = ["--select", "GEN,CFG"]


class DoctorSettingsTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "tiny")
        make_folder(cls.folder / "faulty")
        (cls.folder / "faulty/generation_config.json").write_text(
            '{\n  "eos_token_id": [2],\n  "repetition_penalty": 1.3\n}\n')

    def examine(self, *args, code=0, **options):
        answer = self.run_it("doctor", *args, "--format", "json", **options)
        self.assertEqual(answer.code, code, answer.err)
        return answer.json()["targets"]

    @staticmethod
    def rules(target, part="findings"):
        return sorted({each["rule"] for each in target[part]})

    def config(self, name="settings.json", **fields):
        self.write(name, json.dumps(fields))
        return ["--config", name]

    def suppress(self, *entries):
        return self.config(suppress=[dict({"reason": "known"}, **each) for each in entries])

    def test_settings_come_from_a_file_and_the_command_line_is_first(self):
        settings = self.config(select=["GEN"], ignore=["GEN001", "GEN011"],
                               **{"fail-on": "warning"})
        target = self.examine("faulty", *settings, code=1)[0]
        self.assertEqual(self.rules(target), ["GEN007", "GEN020"])
        target = self.examine("faulty", *settings, "--select", "GEN007", "--fail-on", "error")[0]
        self.assertEqual(self.rules(target), ["GEN007"])
        settings = self.config(require=["TPL007"])
        self.assertIn("TPL007 is required", self.run_it("doctor", "tiny", *settings).err)

    def test_settings_are_found_upwards_and_never_in_the_target(self):
        (self.folder / "above/work").mkdir(parents=True)
        make_folder(self.folder / "above/work/model")
        ours = self.folder / "above/fullstop-doctor.json"
        ours.write_text('{"select": ["TPL010"] /* ours */}')
        theirs = self.folder / "above/work/model/fullstop-doctor.json"
        theirs.write_text('{"ignore": ["GEN", "TPL", "TOK"]}')
        for where, model in (("above/work", "model"), ("above/work/model", ".")):
            target = self.examine(model, cwd=self.folder / where)[0]
            self.assertEqual(self.rules(target), ["TPL010"])
        ours.write_text("{}")
        target = self.examine("model", cwd=self.folder / "above/work")[0]
        self.assertIn("CFG003", self.rules(target))

    def test_suppressed_findings_are_counted_and_do_not_fail(self):
        settings = self.suppress({"rule": "GEN001", "target": "faulty", "message": "<|end|>"})
        target = self.examine("faulty", *CHOSEN, *settings)[0]
        self.assertNotIn("GEN001", self.rules(target))
        self.assertEqual(target["suppressed"][0]["rule"], "GEN001")
        self.assertEqual(target["suppressed"][0]["reason"], "known")
        self.assertEqual(target["counts"]["suppressed"], 1)
        self.assertIn("; 1 more suppressed", self.good("doctor", "faulty", *settings).out)

    def test_suppressions_that_do_not_fit_are_told(self):
        for entry in ({"rule": "GEN001", "message": "no such words"},
                      {"rule": "GEN010"}):
            targets = self.examine("faulty", *CHOSEN, *self.suppress(entry), code=1)
            self.assertIn("GEN001", self.rules(targets[0]))
            self.assertEqual(targets[1]["kind"], "configuration")
            self.assertEqual(self.rules(targets[1]), ["CFG001"])
        # It is for a target, or a rule, that was not looked at.
        for entry in ({"rule": "GEN001", "target": "other"}, {"rule": "TPL010"}):
            targets = self.examine("faulty", *CHOSEN, *self.suppress(entry), code=1)
            self.assertEqual(len(targets), 1)

    def test_suppressions_end(self):
        settings = self.suppress({"rule": "GEN001", "expires": "2020-02-29"})
        targets = self.examine("faulty", *CHOSEN, *settings, code=1)
        self.assertIn("GEN001", self.rules(targets[0]))
        self.assertEqual(self.rules(targets[1]), ["CFG002"])
        self.examine("faulty", *CHOSEN, *self.suppress({"rule": "GEN001",
                                                        "expires": "2999-12-31"}))

    def test_a_baseline_leaves_what_is_new(self):
        self.good("doctor", "faulty", "--write-baseline", "known.json")
        target = self.examine("faulty", "--baseline", "known.json", "--fail-on", "note")[0]
        self.assertEqual(target["findings"], [])
        self.assertIsNone(target["suppressed"][0]["reason"])
        (self.folder / "next").mkdir()
        make_folder(self.folder / "next/faulty")
        worse = self.folder / "next/faulty/generation_config.json"
        worse.write_text(json.dumps({"eos_token_id": [2], "repetition_penalty": 1.3,
                                     "min_length": 9}))
        target = self.examine("next/faulty", "--baseline", "known.json")[0]
        self.assertEqual(self.rules(target), ["GEN021"])

    def test_sarif_has_rules_places_and_suppressions(self):
        settings = self.suppress({"rule": "GEN020"})
        answer = self.run_it("doctor", "faulty", *settings, "--format", "sarif")
        self.assertEqual(answer.code, 1)
        run = answer.json()["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        by_rule = {}
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            by_rule[result["ruleId"]] = result
        self.assertEqual(by_rule["GEN001"]["level"], "error")
        self.assertNotIn("suppressions", by_rule["GEN001"])
        penalty = by_rule["GEN020"]
        self.assertEqual(penalty["suppressions"], [{"kind": "external", "justification": "known"}])
        self.assertEqual(penalty["locations"][0]["physicalLocation"],
                         {"artifactLocation": {"uri": "faulty/generation_config.json"},
                          "region": {"startLine": 3}})
        self.assertRegex(penalty["partialFingerprints"]["fullstop/v1"], "^[0-9a-f]{16}$")
        told = run["invocations"][0]["toolExecutionNotifications"]
        self.assertIn("TPL007", [each["associatedRule"]["id"] for each in told])

    def test_sarif_points_into_gguf_files(self):
        self.run_it("convert", "faulty", "-o", "a file.gguf")
        answer = self.run_it("doctor", "a file.gguf", "--select", "GEN007", "--format", "sarif")
        place = answer.json()["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "a%20file.gguf")
        at = place["region"]["byteOffset"]
        key = b"tokenizer.ggml.eos_token_id"
        self.assertEqual((self.folder / "a file.gguf").read_bytes()[at + 8:][:len(key)], key)

    def test_a_choice_of_rules_may_stand_before_the_target(self):
        for choice in ("--select", "--ignore", "--require"):
            answer = self.run_it("doctor", choice, "GEN007,GEN020", "faulty", "--exit-zero")
            self.assertIn("faulty", answer.out)

    def test_annotations_are_lines(self):
        out = self.run_it("doctor", "faulty", "--select", "GEN001,GEN020", "--format",
                          "github").out
        self.assertIn("::warning file=faulty/generation_config.json,line=3,title=GEN020::", out)
        for line in out.splitlines():
            self.assertRegex(line, r"^::(error|warning|notice) file=[^,:]+(,line=\d+)?,"
                                   r"title=[A-Z]+\d+::.")

    def test_a_changed_file_stands_for_its_model(self):
        targets = self.examine("faulty/generation_config.json", "faulty/tokenizer.json", code=1)
        self.assertEqual([each["path"] for each in targets], ["faulty"])

    def test_the_pages_in_docs_are_the_program_s(self):
        docs = pathlib.Path(__file__).parents[2] / "docs/rules.md"
        self.assertEqual(docs.read_text(), self.good("doctor", "--explain", "all").out)

    def test_the_catalogue_lists_every_row_and_a_rule_where_files_suffice(self):
        pages = self.good("doctor", "--explain", "all").out
        rows = re.findall(r"^\| ([ME]\d\d) \| .+ \| (.+) \| (.*) \|$", pages, re.M)
        models = [row for row, _, _ in rows if row[0] == "M"]
        self.assertEqual(models, [f"M{i:02}" for i in range(1, 31)])
        for row, needs, rules in rows:
            if needs.startswith(("files", "--against", "--base", "--tokenized", "--data",
                                 "--trainer")):
                self.assertTrue(rules, row)
            else:
                self.assertTrue(needs.startswith(("not ours, because", "not there yet")), row)

    def test_tokenised_rows_that_can_not_be_read_are_told(self):
        good = '{"input_ids": [4, 3], "labels": [4, 3]}'
        self.write("rows.jsonl", good + "\n")
        targets = self.examine("tiny", "--tokenized", "rows.jsonl", "--select", "DAT")
        self.assertEqual([each["kind"] for each in targets], ["folder", "tokenized data"])
        self.assertEqual(self.rules(targets[1]), ["DAT006"])
        for text, told in (("{", "line 2: the row is no JSON"),
                           ('{"labels": []}', "line 2: the row has no input_ids"),
                           ('{"input_ids": [4], "labels": [4, 3]}', "not as long"),
                           ('{"input_ids": [4.5], "labels": [4]}', "no whole number"),
                           ('{"input_ids": "x", "labels": [4]}', "input_ids is no list"),
                           ('{"input_ids": [-1], "labels": [4]}', "holds -1")):
            self.write("rows.jsonl", good + "\n" + text)
            answer = self.run_it("doctor", "tiny", "--tokenized", "rows.jsonl")
            self.assertEqual(answer.code, 2)
            self.assertIn(told, answer.err)
        self.refused("doctor", "tiny", "faulty", "--tokenized", "rows.jsonl", says="one model")
        self.assertEqual(self.run_it("doctor", "tiny", "--tokenized", "none").code, 2)

    def test_settings_that_can_not_be_read_are_told(self):
        for text, told in (("{", "no JSON"), ("[]", "no object"), ('{"selct": []}', "'selct'"),
                           ('{"select": "GEN"}', "list of texts"), ('{"select": ["XYZ"]}', "XYZ"),
                           ('{"fail-on": "fatal"}', "fatal"), ('{"suppress": {}}', "no list"),
                           ('{"suppress": [1]}', "no object"),
                           ('{"suppress": [{"rule": "GEN001"}]}', "no reason"),
                           ('{"suppress": [{"rule": "XYZ", "reason": "x"}]}', "XYZ"),
                           ('{"suppress": [{"rule": "GEN001", "reason": "x", "day": 1}]}', "'day'"),
                           ('{"suppress": [{"rule": "GEN001", "reason": "x", '
                            '"expires": "2026-02-30"}]}', "2026-02-30")):
            self.write("bad.json", text)
            self.refused("doctor", "tiny", "--config", "bad.json", says=["bad.json", told])
        self.refused("doctor", "tiny", "--config", "none.json", says="none.json")
        self.write("bad.json", "{}")
        self.refused("doctor", "tiny", "--baseline", "bad.json", says="not a baseline")


main()
