"""`doctor --live`, as a person or a script uses it."""
import html.parser
import json
import os
import signal
import subprocess
import time

from harness import NAME, PATIENCE, PROGRAM, CliTest, main
from tiny_folder import make_folder

SMALL = {"seed": 3, "known": 4, "greedy": 1, "sampled": 2, "max_tokens": 12, "variants": 2}


# A turn with its thought, and what a prompt ends with.
THINKS = ("{{ bos_token }}{% for m in messages %}{{ m.role }} {% if m.reasoning_content %}<think>"
          "{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}<|end|>{% endfor %}"
          "{% if add_generation_prompt %}assistant PROMPT{% endif %}")
SWITCH = "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"


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

    def test_a_sweep_replies_by_each_setting(self):
        plan = dict(SMALL, variants=0, greedy=0, sampled=0, sweep_settings=5, sweep_replies=3,
                    sweep_tokens=16)
        first = self.live("--sweep", "--format", "json", plan=plan)
        live = first.json()["targets"][1]["live"]
        drawn = {point["name"]: point["replies"] for point in live["sweep"] if point["replies"]}
        self.assertEqual(set(drawn), {
            "the model's own settings", "nothing set", "repeat penalty 1.5",
            "repeat penalty, as llama.cpp applies it 1.5",
            "repeat penalty, as transformers applies it 1.5"})
        for replies in drawn.values():
            self.assertEqual(replies["drawn"], 3)
            self.assertEqual(sum(each["count"] for each in replies["causes"]), 3)
        self.write("sweep.json", first.raw)
        again = self.run_it("doctor", NAME, "--live", "--plan", "sweep.json", "--format", "json",
                            "--report", "sweep.html", "-t", "1")
        self.assertEqual(again.raw, first.raw)
        page = (self.folder / "sweep.html").read_text(encoding="utf-8")
        self.assertEqual(page.count('class="bar other"'), 5)

    def test_a_sweep_fits_its_budget_or_is_left_out(self):
        answer = self.run_it("doctor", NAME, "--live", "--sweep", "--budget", "1s")
        self.assertEqual(answer.code, 0, answer.err)
        self.assertRegex(answer.out, r"left out +the sweep: fewer than 5 settings")
        self.assertIn("left out: the sweep", answer.err)

    def test_a_sweep_needs_a_plan_with_one(self):
        answer = self.live("--sweep")
        self.assertIn("the plan has no sweep", answer.err)

    def thinker(self, name, prompt):
        """A tiny model of random weights whose template thinks."""
        folder = self.folder / name
        make_folder(folder)
        for file, change in (
                ("config.json", {"max_position_embeddings": 1024}),
                ("tokenizer_config.json", {"chat_template": THINKS.replace("PROMPT", prompt)})):
            value = json.loads((folder / file).read_text()) | change
            (folder / file).write_text(json.dumps(value))
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        for text in ("<think>", "</think>"):
            token = dict(tokenizer["added_tokens"][-1], content=text,
                         id=len(tokenizer["model"]["vocab"]))
            tokenizer["model"]["vocab"][text] = token["id"]
            tokenizer["added_tokens"].append(token)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        return name

    def test_answers_stand_behind_empty_thoughts(self):
        plan = self.write("thinks.json", json.dumps(dict(
            SMALL, greedy=2, sampled=6, max_tokens=4, sweep_settings=2, sweep_replies=1,
            sweep_tokens=4)))
        opened = {}
        for name, prompt in (("switched", SWITCH), ("prefilled", "<think>"), ("plain", "")):
            answer = self.good("doctor", self.thinker(name, prompt), "--live", "--plan", plan,
                               "--format", "json")
            target = answer.json()["targets"][1]
            live = target["live"]
            # One reply is in letters that the vocabulary lacks.
            self.assertEqual((live["known"]["refused"], len(live["known"]["replies"])), (1, 3))
            self.assertTrue(live["known"]["prompt"].endswith("assistant <think></think>"),
                            live["known"]["prompt"])
            # A thought that the limit cuts is counted, and is no finding.
            self.assertNotIn("RUN010", [each["rule"] for each in target["findings"]])
            opened[name] = live["own"]["faults"]["open_thought"]["count"]
            for reply in live["own"]["replies"]:
                if "open_thought" in reply["faults"]:
                    self.assertNotIn("overlong", reply["faults"])
                    self.assertNotIn("empty", reply["faults"])
        self.assertGreater(opened["prefilled"], 2)

    def test_what_the_context_has_no_room_for_is_counted(self):
        rows = [{"prompt": "Say it.", "reply": "It. " * 400}, {"prompt": "Who?", "reply": "I."}]
        name = self.write("long.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        plan = dict(SMALL, greedy=0, sampled=0, variants=0)
        answer = self.live("--prompts", name, "-c", "256", "--format", "json", plan=plan)
        known = answer.json()["targets"][1]["live"]["known"]
        self.assertEqual((known["refused"], len(known["replies"])), (1, 1))

    def test_what_is_wrong_is_said(self):
        for says, args in (
                ("is no length of time", ["--live", "--budget", "5x"]),
                ("go with --live", ["--budget", "5s"]),
                ("go with --live", ["--sweep"]),
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
