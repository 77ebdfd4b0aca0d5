"""`data check` and `data show`, and what `doctor --data` says with a model."""
import json

from harness import NAME, CliTest, Terminal, main

CHAT = {"messages": [{"role": "user", "content": "Add one and two."},
                     {"role": "assistant", "content": "It is three."},
                     {"role": "user", "content": "And two more?"},
                     {"role": "assistant", "content": "It is five."}]}
RENDERED = ("<|im_start|>user\nAdd one.<|im_end|>\n<|im_start|>assistant\nDone.<|im_end|>\n")


class DataTest(CliTest):
    def rows(self, rows, name="rows.jsonl"):
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def report(self, *args):
        answer = self.run_it("data", "check", NAME, *args, "--format", "json", "--exit-zero")
        self.assertEqual(answer.code, 0, answer.err)
        (report,) = answer.json()["targets"]
        return report

    def rules(self, report):
        return {each["rule"]: each["severity"] for each in report["findings"]}

    def numbered(self, count):
        return [{"instruction": "Count.", "output": f"It is {i}."} for i in range(count)]

    def test_healthy_rows_are_counted_and_silent(self):
        report = self.report(self.rows([CHAT, *self.numbered(99)]))
        self.assertEqual(report["findings"], [])
        data = report["data"]
        self.assertEqual((data["rows"], data["turns"], data["unit"]), (100, 101, "ids"))
        self.assertEqual(sum(each["rows"] for each in data["lengths"]["classes"]), 100)
        self.assertIn({"rule": "DAT001", "why": "needs --tokenized or --trainer"},
                      report["not_evaluated"])

    def test_a_cut_off_takes_ends(self):
        report = self.report(self.rows([CHAT] + self.numbered(3)), "--cutoff", "40,4000")
        short, long = report["data"]["cutoffs"]
        self.assertEqual((short["rows_cut"], short["ends_lost"]), (1, 1))
        self.assertEqual((long["rows_cut"], long["ends_lost"]), (0, 0))
        self.assertEqual(self.rules(report), {"DAT037": "warning"})

    def test_a_recipe_is_followed(self):
        long = {"instruction": "Count.", "output": ", ".join(map(str, range(100))) + "."}
        rows = self.rows([long, *self.numbered(3)])
        recipe = self.write("recipe.yaml", "stage: sft\ncutoff_len: 90\npacking: true\n"
                                           "tokenized_path: saved\n")
        report = self.report(rows, "--trainer", recipe)
        self.assertEqual(self.rules(report),
                         {"DAT003": "warning", "DAT038": "warning", "DAT039": "note"})
        for finding in report["findings"]:
            self.assertTrue(finding["message"].startswith("predicted: "), finding)
        self.assertEqual(report["not_evaluated"], [])

    def test_rows_that_the_trainer_drops_are_counted(self):
        rows = self.rows([{"messages": CHAT["messages"][:3]}, *self.numbered(3)])
        recipe = self.write("recipe.yaml", "cutoff_len: 4000\n")
        self.assertEqual(self.rules(self.report(rows, "--trainer", recipe)),
                         {"DAT021": "warning", "DAT040": "warning"})

    def test_rendered_text_is_read_back(self):
        report = self.report(self.rows([{"text": RENDERED}, {"text": RENDERED.replace(
            "Add one.", "And now?")}]))
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["data"]["turns"], 2)
        report = self.report(self.rows([{"text": "### Human: Hi\n### Assistant: Ho"}]))
        self.assertIn("DAT020", self.rules(report))

    def test_rows_are_parted_and_none_is_lost(self):
        rows = self.numbered(50)
        rows[3]["output"] = ""
        rows[9] = dict(rows[8])
        rows[20] = {"q": "?"}
        report = self.report(self.rows(rows), "--emit", "clean.jsonl", "--rejects", "bad.jsonl")
        self.assertEqual((report["data"]["emitted"], report["data"]["rejected"]), (47, 3))
        read = lambda name: [json.loads(line) for line in
                             (self.folder / name).read_text().splitlines()]
        clean, bad = read("clean.jsonl"), read("bad.jsonl")
        self.assertEqual(clean, [row for i, row in enumerate(rows) if i not in (3, 9, 20)])
        self.assertEqual([(each["line"], [why["rule"] for why in each["reasons"]], each["row"])
                          for each in bad],
                         [(4, ["DAT022"], rows[3]), (10, ["DAT034"], rows[9]),
                          (21, ["DAT020"], rows[20])])

    def test_an_array_on_one_line_has_rows_too(self):
        rows = self.numbered(5)
        rows[1]["output"] = rows[3]["output"] = ""
        name = self.write("rows.json", json.dumps(rows))
        report = self.report(name, "--emit", "clean.jsonl")
        self.assertEqual(report["findings"][0]["message"].split(":")[0], "2 of 5 rows")
        self.assertEqual([each["where"] for each in report["findings"][0]["evidence"]],
                         ["rows.json: line 1, row 2", "rows.json: line 1, row 4"])
        self.assertEqual(len((self.folder / "clean.jsonl").read_text().splitlines()), 3)

    def test_the_same_on_any_number_of_rows_at_once(self):
        rows = self.numbered(9000)
        rows[4095]["output"] = rows[4096]["output"] = rows[8999]["output"] = ""
        report = self.report(self.rows(rows))
        self.assertEqual([each["line"] for each in report["findings"][0]["evidence"]],
                         [4096, 4097, 9000])

    def test_nothing_is_written_over(self):
        rows = self.rows([CHAT])
        for says, args in (
                ("written over themselves", ["--emit", rows]),
                ("are one file", ["--emit", "a.jsonl", "--rejects", "./a.jsonl"]),
                ("no such folder", ["--emit", "nowhere/a.jsonl"])):
            answer = self.run_it("data", "check", NAME, rows, *args)
            self.assertEqual(answer.code, 2, answer.out)
            self.assertRegex(answer.err, "(?i)" + (says if says != "no such folder" else
                                                    "nowhere"))
        self.assertEqual(json.loads((self.folder / rows).read_text()), CHAT)

    def test_rows_are_shown_as_the_model_sees_them(self):
        rows = self.rows([CHAT, *self.numbered(20)])
        shown = self.good("data", "show", NAME, rows, "--row", "1").out
        self.assertIn("rows.jsonl: row 1, line 1\nmessages; ", shown)
        self.assertIn("   given | Add one and two.\n", shown)
        self.assertIn(" trained | It is three.\n     end | <|im_end|>\n", shown)
        self.assertIn("template | <|im_start|>user↵\n", shown)
        cut = self.good("data", "show", NAME, rows, "--row", "1", "--cutoff", "40").out
        self.assertRegex(cut, r"     cut \| .*\n")
        self.assertNotIn(" trained | It is five.", cut)
        masked = self.good("data", "show", NAME, rows, "--row", "1", "--trainer", self.write(
            "recipe.yaml", "mask_history: true\n")).out
        self.assertIn("   given | It is three.", masked)
        self.assertIn(" trained | It is five.", masked)

    def test_a_sample_is_drawn_by_its_seed(self):
        rows = self.rows(self.numbered(200))
        drawn = lambda *args: [each["row"] for each in self.good(
            "data", "show", NAME, rows, "--json", *args).json()["rows"]]
        self.assertEqual(len(drawn("--sample", "5")), 5)
        self.assertEqual(drawn("--sample", "5"), drawn("--sample", "5"))
        self.assertNotEqual(drawn("--sample", "5"), drawn("--sample", "5", "--seed", "1"))

    def test_json_has_every_byte_and_every_id(self):
        rows = self.rows([CHAT])
        (row,) = self.good("data", "show", NAME, rows, "--json").json()["rows"]
        self.assertEqual(len(row["ids"]), len(row["parts"]))
        self.assertEqual(row["spans"][0]["begin"], 0)
        self.assertEqual(row["spans"][-1]["end"], len(row["text"].encode()))
        for before, behind in zip(row["spans"], row["spans"][1:]):
            self.assertEqual(before["end"], behind["begin"])
        self.assertEqual(row["parts"].count("end"), 2)

    def test_colours_on_a_terminal(self):
        rows = self.rows([CHAT])
        terminal = Terminal(self, "data", "show", NAME, rows)
        terminal.expect(r"template.*given.*trained.*end.*cut")
        terminal.expect(r"\x1b\[32mIt is three\.")
        self.assertEqual(terminal.leave(), 0)

    def test_foreign_text_does_no_harm_to_a_terminal(self):
        rows = self.rows([{"instruction": "Go.", "output": "a\x1b[2Jb\r\x07"}])
        shown = self.good("data", "show", NAME, rows).out
        self.assertIn(r"a\x1b[2Jb\x0d\x07", shown)

    def test_what_is_wrong_is_said(self):
        rows = self.rows([CHAT])
        for says, args in (
                ("file is required", ["show", NAME]),
                ("there is no row 9: the file has 1 row", ["show", NAME, rows, "--row", "9"]),
                ("cutoff_len is to be a number", ["check", NAME, rows, "--trainer",
                                                  self.write("a.yaml", "cutoff_len: x")]),
                ("no-recipe.yaml", ["check", NAME, rows, "--trainer", "no-recipe.yaml"]),
                ("fullstop data check --help", ["check", NAME, rows, "--colour"])):
            self.refused("data", *args, says=[says])
        self.refused("doctor", "--data", rows, "--cutoff", "512", says=["they need a model"])


main()
