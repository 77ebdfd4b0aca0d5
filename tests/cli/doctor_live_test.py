"""`doctor --live`, as a person or a script uses it."""
import html.parser
import json
import os
import signal
import subprocess
import time

from harness import NAME, PATIENCE, PROGRAM, CliTest, main

SMALL = {"seed": 3, "known": 4, "greedy": 1, "sampled": 2, "max_tokens": 12, "variants": 2}


class Page(html.parser.HTMLParser):
    """Counts tags, and what a page would fetch."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.fetched += [value for name, value in attributes if name in ("src", "href")]


class DoctorLiveTest(CliTest):
    def live(self, *args, plan=SMALL, code=0):
        name = self.write("plan.json", json.dumps(plan))
        answer = self.run_it("doctor", NAME, "--live", "--plan", name, *args)
        self.assertEqual(answer.code, code, answer.err)
        return answer

    def test_the_same_plan_gives_the_same_report(self):
        first = self.live("--format", "json", "-t", "1")
        report = first.json()["targets"][1]
        self.assertEqual(report["kind"], "live probe")
        live = report["live"]
        self.assertEqual(len(live["known"]["replies"]), 4)
        self.assertEqual(len(live["own"]["replies"]), 3)
        for reply in live["known"]["replies"]:
            self.assertEqual(len(reply["p_stop"]), reply["tokens"])
        self.assertEqual([t["text"] for t in live["known"]["stops"]], ["<|im_end|>"])
        self.assertGreater(live["known"]["separation"]["value"], 0.9)
        # The report itself serves as the plan.
        self.write("report.json", first.raw)
        again = self.run_it("doctor", NAME, "--live", "--plan", "report.json", "--format", "json")
        self.assertEqual(again.raw, first.raw)
        self.assertIn("gguf: 4 known replies, 1 greedy and 2 sampled ones of at most 12 tokens",
                      again.err)

    def test_own_known_replies_and_a_page(self):
        self.write("known.jsonl", json.dumps({"prompt": "<b>Who?", "reply": "It is I."}) + "\n")
        plan = dict(SMALL, known=9, greedy=0, sampled=1, variants=9)
        answer = self.live("--prompts", "known.jsonl", "--report", "page.html", plan=plan)
        self.assertIn("known replies    1, ", answer.out)
        self.assertIn("wrote page.html", answer.err)
        page = Page((self.folder / "page.html").read_text(encoding="utf-8"))
        self.assertEqual(page.fetched, [])
        self.assertGreaterEqual(page.tags["svg"], 4)
        self.assertEqual(page.tags["polyline"], 1)

    def test_a_model_beside_itself_is_the_same(self):
        answer = self.live("--compare", NAME, "--format", "json", plan=dict(SMALL, variants=0))
        compared = answer.json()["targets"][1]["live"]["compared"]
        self.assertEqual(compared["replies"], 4)
        self.assertEqual(compared["agreed"], 4)
        for name in ("text", "odds"):
            self.assertEqual(set(compared[name].values()), {0.0})

    def test_a_budget_says_what_it_leaves_out(self):
        answer = self.run_it("doctor", NAME, "--live", "--budget", "0.5s", "--format", "json")
        self.assertEqual(answer.code, 0, answer.err)
        plan = answer.json()["targets"][1]["live"]["plan"]
        self.assertGreaterEqual(plan["known"], 8)
        self.assertTrue(plan["left_out"])

    def test_what_is_wrong_is_said(self):
        for says, args in (
                ("is no length of time", ["--live", "--budget", "5x"]),
                ("go with --live", ["--budget", "5s"]),
                ("no-plan.json", ["--live", "--plan", "no-plan.json"]),
                ("it has no number `seed`", ["--live", "--plan", self.write("bad.json", "{}")]),
                ("line 1: it has neither",
                 ["--live", "--prompts", self.write("bad.jsonl", "{}\n")]),
                ("repair first", ["--live", "--fix", "out.gguf"])):
            self.refused("doctor", NAME, *args, says=[says])

    def test_interrupted_it_leaves(self):
        with subprocess.Popen([PROGRAM, "doctor", NAME, "--live", "--budget", "10m"],
                              cwd=self.folder, env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as probe:
            line = b""
            while b" known replies, " not in line:
                line = probe.stderr.readline()
                self.assertTrue(line)
            time.sleep(0.2)
            os.kill(probe.pid, signal.SIGINT)
            _, err = probe.communicate(timeout=PATIENCE)
        self.assertEqual(probe.returncode, 130)
        self.assertIn(b"stopped", err)


main()
