"""`doctor --data`, as a person or a script uses it."""
import json

from harness import NAME, CliTest, main

GOOD = {"instruction": "Add one and two.", "input": "", "output": "It is three."}


class DoctorDataTest(CliTest):
    def found(self, rows, *args, form="jsonl"):
        """The places of each rule's findings, by line."""
        text = (json.dumps(rows, indent=1) if form == "json" else
                "".join(json.dumps(row) + "\n" for row in rows))
        name = self.write("rows." + form, text)
        answer = self.run_it("doctor", *args, "--data", name, "--format", "json", "--exit-zero")
        self.assertEqual(answer.code, 0, answer.err)
        report = answer.json()["targets"][-1]
        self.assertEqual(report["kind"], "raw data")
        return {finding["rule"]: [each["line"] for each in finding["evidence"]]
                for finding in report["findings"]}

    def test_healthy_rows_are_silent(self):
        rows = [dict(GOOD, output=f"It is {i}.") for i in range(5000)]
        self.assertEqual(self.found(rows), {})

    def test_each_fault_is_found_where_it_is(self):
        rows = [dict(GOOD, output=f"It is {i}.") for i in range(5000)]
        rows[7]["output"] = ""
        rows[4200]["output"] = "I am {{name}}."
        rows[4999] = dict(rows[12])
        self.assertEqual(self.found(rows), {"DAT022": [8], "DAT030": [4201], "DAT034": [5000]})

    def test_a_model_brings_its_own_control_tokens(self):
        rows = [dict(GOOD, output="It is <repo_name> three.")]
        self.assertEqual(self.found(rows), {})
        self.assertEqual(self.found(rows, NAME), {"DAT023": [1]})

    def test_arrays_and_columns_are_read(self):
        rows = [{"q": "Add one and two.", "a": "It is three."}, {"q": "And?", "a": ""}]
        self.assertEqual(list(self.found(rows, form="json")), ["DAT020"])
        self.write("info.json", json.dumps(
            {"mine": {"columns": {"prompt": "q", "response": "a"}}}))
        self.assertEqual(self.found(rows, "--columns", "info.json:mine", form="json"),
                         {"DAT022": [6]})

    def test_what_is_wrong_is_said(self):
        self.write("good.jsonl", json.dumps(GOOD) + "\n")
        for says, args in (
                ("no-rows.jsonl", ["--data", "no-rows.jsonl"]),
                ("line 1: the line is no JSON object", ["--data", self.write("a.txt", "Hello")]),
                ("it holds no rows", ["--data", self.write("empty.json", "[]")]),
                ("--columns is FILE:NAME", ["--data", "good.jsonl", "--columns", "x"]),
                ("it has no data set 'x'",
                 ["--data", "good.jsonl", "--columns", self.write("b.json", "{}") + ":x"])):
            self.refused("doctor", *args, says=[says])


main()
