"""Each command, flag and JSON field that the contract names."""
import csv
import json
import os

from harness import NAME, CliTest, main
from tiny_folder import make_folder

GREEDY = ["--temp", "0", "-n", "8", "-t", "1"]
CHAT = [{"role": "user", "content": "Say hi <|im_end|>"}]
TEMPLATE = ("{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}"
            "{{ x }}{% endfor %}{% if tools %}{{ tools | length }}{% endif %}"
            "{% if add_generation_prompt %}>{% endif %}")


class ShowTest(CliTest):
    def test_json_has_the_whole_protocol(self):
        for model in [[], [NAME], [NAME + ".gguf"]]:
            show = self.good("show", *model, "--json").json()
            self.assertEqual(
                set(show) & {"hash", "bos", "stops", "specials", "reasoning",
                             "tool_calls", "sampling", "template", "findings"},
                {"hash", "bos", "stops", "specials", "reasoning", "tool_calls",
                 "sampling", "template", "findings"})
            for stop in show["stops"]:
                self.assertEqual(set(stop), {"id", "text", "role", "from"})
            self.assertEqual([(s["id"], s["role"]) for s in show["stops"]],
                             [(0, "sequence_end"), (1, "turn_open"),
                              (2, "turn_end")])

    def test_stops_are_changed_visibly(self):
        show = self.good("show", "--json", "--stops", "+28,-0").json()
        self.assertEqual([s["id"] for s in show["stops"]], [1, 2, 28])
        self.assertIn("--stops", json.dumps(show["stops"][2]["from"]))
        self.assertEqual(show["stops"],
                         self.good("show", "--json", "--stops=+28,-0")
                         .json()["stops"])
        self.assertIn("<|im_end|>", self.good("show").out)


class RenderTest(CliTest):
    def setUp(self):
        self.write("chat.json", json.dumps(CHAT))
        self.write("object.json", json.dumps({"messages": CHAT}))
        self.write("tools.json", json.dumps([{"type": "function"}]))
        self.write("t.jinja", TEMPLATE)

    def test_text_is_the_template_s_byte_for_byte(self):
        answer = self.good("render", "--messages", "chat.json")
        self.assertTrue(answer.out.endswith(
            "<|im_start|>user\nSay hi <|im_end|><|im_end|>\n"
            "<|im_start|>assistant\n"))
        self.assertEqual(answer.err, "")
        for same in [["render", NAME, "--messages", "object.json"],
                     ["render", "--messages", "-", NAME]]:
            stdin = json.dumps(CHAT) if "-" in same else ""
            self.assertEqual(self.good(*same, stdin=stdin).raw, answer.raw)
        short = self.good("render", "--messages", "chat.json",
                          "--no-generation-prompt")
        self.assertTrue(short.out.endswith("<|im_end|>\n"))

    def test_json_has_ids_and_the_origin_of_every_byte(self):
        out = self.good("render", "--messages", "chat.json", "--json").json()
        self.assertEqual(set(out), {"text", "ids", "spans"})
        at = 0
        for span in out["spans"]:
            self.assertEqual(set(span),
                             {"begin", "end", "origin", "message", "field"})
            self.assertEqual(span["begin"], at)
            at = span["end"]
        self.assertEqual(at, len(out["text"].encode()))
        self.assertIn({"begin": 115, "end": 132, "origin": "message",
                       "message": 0, "field": "content"}, out["spans"])
        self.assertEqual(out["ids"].count(2), 2)  # not the one that was typed

    def test_template_alone(self):
        answer = self.good(
            "render", "--template", "t.jinja", "--messages", "chat.json",
            "--tools", "tools.json", "--var", "x=[1]", "--var",
            'bos_token="<s>"', env={"XDG_CACHE_HOME": "/nowhere"})
        self.assertEqual(answer.out, "<s>[user]Say hi <|im_end|>[1]1>")
        answer = self.good("render", NAME, "--template", "t.jinja",
                           "--messages", "chat.json", "--var", "x=1", "--json")
        self.assertEqual(answer.json()["text"],
                         "<|im_start|>[user]Say hi <|im_end|>1>")

    def test_model_may_stand_behind_options_that_repeat(self):
        self.good("render", "--messages", "chat.json", "--var", "x=1", NAME)

    def test_system_and_prefill(self):
        answer = self.good("render", "--messages", "chat.json", "--system",
                           "Be brief.", "--prefill", "Hel")
        self.assertTrue(answer.out.startswith("<|im_start|>system\nBe brief."))
        self.assertTrue(answer.out.endswith("assistant\nHel"))


class TokenizeTest(CliTest):
    def test_text_there_and_back(self):
        text = "Grüße <|im_end|>\n\n\tx\n"
        self.write("text.txt", text)
        ids = self.good("tokenize", NAME, "text.txt", "--json").json()["ids"]
        self.assertNotIn(2, ids)
        self.assertEqual(ids, self.good("tokenize", "--json", stdin=text)
                         .json()["ids"])
        for given in [json.dumps(ids), json.dumps({"ids": ids}),
                      " ".join(map(str, ids))]:
            self.assertEqual(self.good("detokenize", stdin=given).out, text)
        self.assertEqual(self.good("detokenize", "--json", stdin=str(ids))
                         .json(), {"text": text})
        special = self.good("tokenize", "--parse-special", "--json",
                            stdin=text).json()["ids"]
        self.assertIn(2, special)
        self.good("tokenize", "--no-bos", stdin=text)

    def test_lines(self):
        out = self.good("tokenize", "--lines", "--json", stdin="a b\n\nc").out
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([list(line) for line in lines], [["ids"]] * 3)
        self.assertEqual(lines[1]["ids"], [])
        plain = self.good("tokenize", "--lines", stdin="a b\n\nc").out
        self.assertEqual(plain.splitlines(),
                         [" ".join(map(str, line["ids"])) for line in lines])
        self.assertEqual(self.good("detokenize", "--lines", stdin=plain).out,
                         "a b\n\nc\n")


class ScoreTest(CliTest):
    def test_json_of_every_token(self):
        text = "The capital of France is Paris."
        out = self.good("score", "--json", "--top", "2", stdin=text).json()
        self.assertLessEqual({"tokens", "p_stop_next", "perplexity"}, set(out))
        self.assertEqual("".join(t["text"] for t in out["tokens"]), text)
        self.assertEqual(out["tokens"][0]["logprob"], None)
        for token in out["tokens"][1:]:
            self.assertLessEqual({"id", "text", "logprob", "rank", "p_stop"},
                                 set(token))
            self.assertEqual(len(token["top"]), 2)
            self.assertEqual(token["rank"] == 1,
                             token["top"][0]["id"] == token["id"])
        ids = json.dumps([t["id"] for t in out["tokens"]])
        self.write("ids.json", ids)
        again = self.good("score", NAME, "ids.json", "--ids", "--json").json()
        self.assertAlmostEqual(again["perplexity"], out["perplexity"])
        self.assertIn("perplexity", self.good("score", stdin=text).out)

    def test_longer_than_the_context_is_windowed_and_says_so(self):
        answer = self.good("score", "-c", "32", "--json",
                           stdin="one two three " * 40)
        self.assertIn("windows", answer.err)
        self.assertGreater(answer.json()["windows"], 1)
        self.assertIsNone(answer.json()["p_stop_next"])


class GenerateTest(CliTest):
    def generate(self, *args, **options):
        return self.good("generate", *args, *GREEDY, **options)

    def test_json(self):
        out = self.generate("-p", "Say hi", "--json").json()
        self.assertLessEqual({"text", "ids", "end", "usage", "timings"},
                             set(out))
        self.assertEqual(len(out["ids"]), out["usage"]["completion_tokens"])
        self.assertEqual(out["end"]["cause"], "max_tokens")
        self.assertEqual(
            self.good("detokenize", stdin=str(out["ids"])).out, out["text"])
        plain = self.generate("-p", "Say hi")
        self.assertEqual(plain.out, out["text"])
        self.assertIn("max_tokens", plain.err)

    def test_messages_system_tools_prefill(self):
        self.write("chat.json", json.dumps(CHAT))
        self.write("tools.json", "[]")
        whole = self.generate("--messages", "chat.json", "--json").json()
        self.assertEqual(whole["end"]["cause"], "max_tokens")
        out = self.generate("-p", "hi", "--system", "You are a pirate",
                            "--prefill", "Arr", "--tools", "tools.json",
                            "--json").json()
        self.assertLess(out["usage"]["prompt_tokens"], 30)

    def test_raw_and_parse_special(self):
        plain = self.generate("--raw", "-p", "a<|im_end|>", "--json").json()
        special = self.generate("--raw", "--parse-special", "-p",
                                "a<|im_end|>", "--json").json()
        self.assertEqual(special["usage"]["prompt_tokens"], 2)
        self.assertGreater(plain["usage"]["prompt_tokens"], 5)
        self.refused("generate", "-p", "x", "--parse-special", says="--raw")

    def test_stops_and_stop_strings(self):
        out = self.good("generate", "-p", "Hi", "--temp", "0", "-n", "30",
                        "--json").json()
        self.assertEqual(out["end"]["cause"], "turn_end")
        self.assertEqual(out["end"]["id"], 2)
        first = out["ids"][1]
        out = self.good("generate", "-p", "Hi", "--temp", "0", "-n", "30",
                        "--json", "--stops", f"+{first},-0").json()
        self.assertEqual(out["end"]["id"], first)
        self.assertIn("--stops", json.dumps(out["end"]["from"]))
        out = self.good("generate", "-p", "Hi", "--temp", "0", "-n", "30",
                        "--json", "--stop", "How").json()
        self.assertEqual(out["end"]["cause"], "stop_string")
        self.assertNotIn("How", out["text"])

    def test_limits(self):
        for n, tokens in [("0", 0), ("1", 1), ("5", 5)]:
            out = self.good("generate", "-p", "Count to ten.", "-n", n,
                            "--temp", "0", "--json").json()
            self.assertEqual(len(out["ids"]), tokens)
        self.good("generate", "-p", "Hi", "-n", "-1", "--temp", "0")
        out = self.good("generate", "-p", "Tell me a long story.", "-c", "40",
                        "--json", "--temp", "0")
        self.assertEqual(out.json()["end"]["cause"], "context_full")
        self.assertIn("40 positions", out.err)

    def test_loops_and_paths(self):
        for action in ["warn", "stop", "step-back"]:
            self.generate("-p", "Hi", "--on-loop", action)
        for path in ["reference", "avx2", "amx"]:
            answer = self.run_it("generate", "-p", "Hi", "-n", "1",
                                 "--cpu-path", path)
            self.assertIn(answer.code, (0, 2))
        self.refused("generate", "-p", "Hi", "--cpu-path", "sse",
                     says="avx2")
        self.refused("generate", "-p", "Hi", says="avx2",
                     env={"FULLSTOP_CPU_PATH": "sse"})

    def test_same_seed_same_ids(self):
        ids = [self.good("generate", "-p", "Hi", "-n", "8", "--json", "--seed",
                         "7").json()["ids"] for _ in range(2)]
        self.assertEqual(*ids)

    def test_trace_and_replay(self):
        out = self.generate("-p", "Say hi", "--trace", "t.jsonl",
                            "--json").json()
        lines = (self.folder / "t.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), len(out["ids"]) + 2)
        for line in lines[1:-1]:
            self.assertLessEqual({"n", "id", "logprob", "p_stop", "top"},
                                 set(json.loads(line)))
        replayed = self.good("replay", NAME, "t.jsonl", "--json").json()
        self.assertEqual([replayed[k] for k in ("text", "ids", "end")],
                         [out[k] for k in ("text", "ids", "end")])
        stop = out["ids"][2]
        changed = self.good("replay", NAME, "--stops", f"+{stop},-2",
                            "--json", stdin="\n".join(lines)).json()
        self.assertEqual(changed["end"]["id"], stop)
        self.assertEqual(len(changed["ids"]), 3)
        self.assertEqual(self.good("replay", NAME, "t.jsonl").out,
                         out["text"] + "\n")


class BenchTest(CliTest):
    def test_formats(self):
        small = ["bench", "-p", "8", "-n", "2", "-r", "1", "-t", "1"]
        rows = json.loads(self.good(*small, "-o", "json").out)
        self.assertEqual([(r["n_prompt"], r["n_gen"]) for r in rows],
                         [(8, 0), (0, 2)])
        for row in rows:
            self.assertLessEqual(
                {"build_commit", "build_number", "cpu_info", "backends",
                 "model_filename", "model_type", "model_size",
                 "model_n_params", "n_batch", "n_threads", "type_k", "type_v",
                 "n_gpu_layers", "use_mmap", "n_depth", "test_time", "avg_ns", "stddev_ns", "avg_ts",
                 "stddev_ts", "samples_ns", "samples_ts"}, set(row))
            self.assertGreater(row["limit_read_bytes"], 0)
            self.assertGreater(row["limit_operations"], 0)
            self.assertGreater(row["share_of_limit"], 0)
        both = ["bench", "-p", "0", "-n", "0", "--pg", "8,2", "-r", "1"]
        self.assertIn("pp8+tg2", self.good(*both).out)
        mixed = json.loads(self.good(*both, "-o", "json").out)
        self.assertIsNone(mixed[0]["share_of_limit"])
        self.refused("bench", "--pg", "8", says=["--pg"])
        rows = list(csv.reader(
            self.good(*small, "-o", "csv", NAME).out.splitlines()))
        self.assertEqual(len(rows), 3)
        self.assertEqual([len(row) for row in rows], 3 * [len(rows[0])])
        self.assertIn("| pp8 |", self.good(*small, "-o", "md").out
                      .replace("            ", " ").replace("  ", " "))


class HelpTest(CliTest):
    COMMANDS = ["chat", "generate", "show", "render", "tokenize",
                "detokenize", "score", "replay", "convert", "bench"]

    def test_fits_the_width_and_names_each_command(self):
        text = self.good("--help").out
        self.assertIn("Usage: fullstop COMMAND …\n", text)
        for command in self.COMMANDS:
            usage = f"Usage: fullstop {command} [OPTIONS]"
            self.assertIn(usage, self.good(command, "--help").out)
            self.assertIn(f"\n  {command} ", text)
            text += self.good(command, "--help").out
        for line in text.splitlines():
            if "fullstop " not in line:
                self.assertLessEqual(len(line), 80, line)
        self.assertRegex(self.good("--version").out, r"^fullstop \d")

    def test_examples_run(self):
        self.write("chat.json", json.dumps(CHAT))
        self.write("text.txt", "Some text.\n")
        self.write("ids.json", "[504, 3575]")
        self.write("chat.jinja", TEMPLATE)
        self.good("generate", "-p", "Hi", "-n", "3", "--trace", "reply.jsonl")
        for name in ("SmolLM2-135M-Instruct", "Llama-3.1-8B-Instruct"):
            make_folder(self.folder / name)
        self.good("convert", "SmolLM2-135M-Instruct", "-o", "old.gguf")
        ran = 0
        program = os.path.abspath(os.environ["FULLSTOP"])
        for command in self.COMMANDS:
            for line in self.good(command, "--help").out.splitlines():
                if not line.startswith("  fullstop ") or line == "  fullstop bench":
                    continue
                line = line.replace("fullstop ", program + " ")
                answer = self.shell(line)
                self.assertEqual(answer.returncode, 0,
                                 f"{line}: {answer.stderr}")
                ran += 1
        self.assertGreater(ran, 12)

    def shell(self, line):
        import subprocess
        if line.split()[1] in ("chat", "generate") and " -n " not in line:
            line += " -n 4"
        return subprocess.run(["sh", "-c", line], cwd=self.folder,
                              env=self.env, input=b"Hi\n", timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)


if __name__ == "__main__":
    main()
