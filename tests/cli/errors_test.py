"""What can go wrong outside of a chat is told: what, where, what to do."""
import json
import os
import resource
import signal
import subprocess
import time
import unittest

from harness import MODEL, NAME, PROGRAM, CliTest, main

CHAT = json.dumps([{"role": "user", "content": "Hi"}])


class ModelTest(CliTest):
    def test_wrong_path(self):
        for command in ["chat", "generate", "show", "tokenize", "score"]:
            self.refused(command, "nowhere.gguf", stdin="x",
                         says=["nowhere.gguf", NAME])

    def test_no_model_of_that_kind(self):
        self.write("text.gguf", "Once upon a time")
        self.write("empty.gguf", "")
        self.write("cut.gguf", MODEL.read_bytes()[:3_000_000])
        self.write("short.gguf", MODEL.read_bytes()[:100])
        for name, says in [("text.gguf", "text file"), ("empty.gguf", "empty"),
                           ("cut.gguf", "incomplete"), ("short.gguf", "cut"),
                           (".", "folder"), ("/dev/null", "regular file")]:
            for command in ["chat", "show"]:
                self.refused(command, name, stdin="x", says=says)

    def test_default_model_is_absent(self):
        for cache in ["/nowhere", "relative", "/dev/null", str(self.folder)]:
            self.refused("show", env={"XDG_CACHE_HOME": cache},
                         says=[cache, "quickstart"])
        self.refused("show", env={"XDG_CACHE_HOME": "", "HOME": ""},
                     says="HOME")

    def test_base_model(self):
        data = MODEL.read_bytes()
        self.write("base.gguf", data.replace(b"tokenizer.chat_template",
                                             b"tokenizer.chat_templatf", 1))
        for command in [["chat"], ["generate", "-p", "x"]]:
            self.refused(*command, "base.gguf", stdin="x",
                         says=["no chat template", "base model",
                               "--template FILE", "generate --raw"])
        self.good("generate", "base.gguf", "--raw", "-p", "x", "-n", "2")
        self.write("t.jinja", "{% for m in messages %}{{ m.content }}"
                              "{% endfor %}")
        self.good("generate", "base.gguf", "--template", "t.jinja", "-p", "x",
                  "-n", "2")
        self.assertIn("no chat template", self.good("show", "base.gguf").out)


class ArgumentTest(CliTest):
    def test_near_names(self):
        self.refused("genrate", says="did you mean generate?")
        self.refused("generate", "--tmp", "1", says="did you mean --temp?")
        self.refused("generate", "--top_p=1", says="did you mean --top-p?")
        self.refused("data", "chek", says="did you mean check?")
        self.refused("generate", "--zzzz", says="no option --zzzz")
        self.refused("show", NAME, "more", says="'more' is one argument too")
        self.refused("generate", "-n", "1", "-n", "2", says="given twice")
        self.refused(says="--help")

    def test_numbers(self):
        for flag, value in [("-n", "-2"), ("-c", "-1"), ("-t", "-1"),
                            ("-b", "0"), ("--temp", "-1"), ("--temp", "x"),
                            ("--top-k", "1.5"), ("--seed", "x"),
                            ("--min-tokens", "-1"), ("-n", "1e3"),
                            ("-n", "99999999999999999999")]:
            answer = self.refused("generate", "-p", "x", flag, value)
            self.assertIn(value, answer.err)
            self.assertRegex(answer.err, "predict|ctx|threads|batch|temp|top-k"
                                         "|seed|min-tokens")

    def test_context_is_bounded_by_memory(self):
        self.refused("generate", "-p", "x", "-c", "2000000000",
                     says=["available", "-c ", "GiB when it is full"])
        answer = self.good("generate", "-p", "Hi", "-n", "1", "-c", "9000")
        self.assertIn("trained for 8192", answer.err)
        self.assertIn("MiB when it is full", answer.err)
        self.refused("generate", "-p", "Hi there", "-c", "8", says="-c")

    def test_no_prompt(self):
        self.refused("generate", says="no prompt")
        self.refused("generate", "-p", "x", "--messages", "y", says="exclude")
        self.good("generate", "-n", "1", stdin="Hi\n")
        self.good("generate", "-p", "", "-n", "1")


class InputTest(CliTest):
    def test_malformed_messages(self):
        place = {'[{"role":"user",\n "content":"é", oops}]':
                 ["line 2, column 17", '\n   "content":"é", oops}]\n'
                  '                  ^'],
                 "": ["line 1, column 1"], "[1, 2": ["line 1, column 6"],
                 '[{"role": "user" "content"}]': ["line 1, column"],
                 '"x"': ["no JSON array"], '{"a":1}': ["`messages`"],
                 "[1]": ["message 0"]}
        for text, says in place.items():
            self.write("m.json", text)
            for command in ["render", "generate"]:
                self.refused(command, "--messages", "m.json", says=says)
        self.write("m.json", b'[{"role":"user","content":"\xff"}]')
        self.refused("render", "--messages", "m.json", says="column 28")
        long = "[" + '"abcdefgh", ' * 100000 + "oops]"
        self.write("m.json", long)
        answer = self.refused("render", "--messages", "m.json",
                              says=["column 1200002", "oops"])
        self.assertLess(len(answer.err), 1000)

    def test_template_that_is_wrong(self):
        self.write("m.json", CHAT)
        self.write("t.jinja", "{{ bos_token }}\n{{ foo( }}")
        self.refused("render", "--messages", "m.json", "--template", "t.jinja",
                     says=["t.jinja", "line 2, column 9", "{{ foo( }}\n"])
        self.write("t.jinja", "{{ raise_exception('no roles') }}")
        self.refused("render", "--messages", "m.json", "--template", "t.jinja",
                     says=["no roles"])
        self.refused("render", "--messages", "m.json", "--var", "x=y z",
                     says=["--var", "quotes"])

    def test_bytes_that_are_no_utf8(self):
        broken = b"a\xff\xc3(\xe2\x82z"
        self.write("broken.txt", broken)
        ids = self.good("tokenize", NAME, "broken.txt", "--json").json()["ids"]
        # The vocabulary lacks a token for some bytes; no other is lost.
        self.assertTrue(self.good("detokenize", stdin=str(ids))
                        .raw.startswith(b"a"))
        self.good("generate", "-p", os.fsdecode(b"\xff\xfe"), "-n", "2",
                  "--json").json()
        self.good("score", NAME, "broken.txt", "--json").json()

    def test_files_that_are_not_there(self):
        for args in [["tokenize", NAME, "none.txt"],
                     ["score", NAME, "none.txt"],
                     ["replay", NAME, "none.txt"],
                     ["render", "--messages", "none.txt"],
                     ["generate", "-p", "x", "--template", "none.txt"],
                     ["generate", "-p", "x", "--tools", "none.txt"]]:
            self.refused(*args, says="none.txt")
        self.refused("score", "--ids", stdin="[1, -5]", says="-5")
        self.refused("score", stdin="", says="empty")
        self.refused("detokenize", stdin="1 x", says="x")
        self.refused("replay", NAME, stdin="{}", says="line 1")


class StreamTest(CliTest):
    def test_closed_streams(self):
        def closed(*fds):
            return lambda: [os.close(fd) for fd in fds]
        for args in [["show"], ["generate", "-p", "x", "-n", "1"]]:
            answer = self.run_it(*args, preexec_fn=closed(1))
            self.assertEqual(answer.code, 2)
            self.assertIn("standard output", answer.err)
        for command in ["chat", "generate", "tokenize"]:
            answer = self.run_it(command, stdin=None, preexec_fn=closed(0))
            self.assertEqual(answer.code, 2, answer.err)
            self.assertIn("error: ", answer.err)
        # A trace does not become the standard output that is missing.
        self.run_it("generate", "-p", "x", "-n", "2", "--trace", "t.jsonl",
                    preexec_fn=closed(0, 1, 2))
        for line in (self.folder / "t.jsonl").read_text().splitlines():
            json.loads(line)

    def test_full_disk_and_broken_pipe(self):
        with open("/dev/full", "wb") as full:
            answer = self.run_it("show", stdout=full)
        self.assertEqual(answer.code, 2)
        self.assertIn("No space left", answer.err)
        done = subprocess.run(
            ["sh", "-c", '"$0" show | head -n 1', PROGRAM], env=self.env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_trace_on_a_full_disk(self):
        answer = self.run_it("generate", "-p", "x", "-n", "2", "--trace",
                             "/dev/full")
        self.assertEqual(answer.code, 2)
        self.assertTrue(answer.out)  # the reply goes on
        self.assertIn("/dev/full", answer.err)

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        answer = self.run_it("generate", "-p", "x", "-n", "30", "--trace",
                             "t.jsonl", preexec_fn=small_files)
        self.assertEqual(answer.code, 2)
        content = (self.folder / "t.jsonl").read_text()
        self.assertTrue(content.endswith("}\n"))
        for line in content.splitlines():
            json.loads(line)
        self.good("replay", NAME, "t.jsonl")

    def test_trace_does_not_overwrite_the_model(self):
        self.refused("generate", "-p", "x", "--trace",
                     f"cache/fullstop/models/{NAME}.gguf", says="overwrite")
        self.assertGreater(MODEL.stat().st_size, 1_000_000)

    def test_interrupt_while_generating(self):
        process = subprocess.Popen(
            [PROGRAM, "generate", "-p", "Tell me a very long story.", "--json",
             "--ignore-eos", "--on-loop", "warn"], cwd=self.folder,
            env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(json.loads(out)["end"]["cause"], "cancelled")

    def test_interrupt_of_a_chat_that_reads_a_pipe(self):
        process = subprocess.Popen(
            [PROGRAM, "chat"], cwd=self.folder, env=self.env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        process.stdin.write(b"Hi\n")
        process.stdin.flush()
        self.assertTrue(process.stdout.read(1))
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()


if __name__ == "__main__":
    main()
