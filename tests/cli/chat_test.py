"""The chat, on a terminal and off it."""
import json
import signal
import time

from harness import NAME, PROGRAM, CliTest, Terminal, main

GREEDY = ["--temp", "0", "-t", "1", "-n", "24"]
LONG = ["--temp", "0", "-t", "1", "--ignore-eos", "--on-loop", "warn"]
END = r"(turn_end|max_tokens|cancelled|context_full)[^\n]*token"


class PipeTest(CliTest):
    def test_messages_one_a_line_without_prompt_or_colour(self):
        answer = self.good("chat", *GREEDY,
                           stdin="What is the capital of France?\n/why\n")
        self.assertIn("Paris.\n", answer.out)
        self.assertIn("the reply ended with turn_end 2 <|im_end|>", answer.out)
        self.assertIn("tokenizer.ggml.eos_token_id", answer.out)
        self.assertIn("P(stop)", answer.out)
        for text in [answer.out, answer.err]:
            self.assertNotIn("\033", text)
        self.assertNotRegex(answer.out + answer.err, "(?m)^> ")

    def test_nothing_to_do_is_told(self):
        self.refused("chat", says="standard input is empty")

    def test_error_ends_it(self):
        answer = self.run_it("chat", *GREEDY, stdin="/nothing\nHi\n")
        self.assertEqual(answer.code, 2)
        self.assertEqual(answer.out, "")

    def test_conversation_from_a_file_goes_on(self):
        self.write("c.json", json.dumps([
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": "Hello Ada."},
            {"role": "user", "content": "Hi"}]))
        answer = self.good("chat", "--messages", "c.json", *GREEDY,
                           stdin="/save out.json\n")
        saved = json.loads((self.folder / "out.json").read_text())
        self.assertEqual(len(saved), 4)
        self.assertEqual(saved[3]["role"], "assistant")
        self.assertIn(saved[3]["content"], answer.out)

    def test_too_long_a_message_is_refused_once(self):
        answer = self.run_it("chat", *GREEDY, "-c", "64",
                             stdin="word " * 200 + "\n")
        self.assertEqual(answer.code, 2)
        self.assertEqual(answer.err.count("the message alone makes"), 1)


class TerminalTest(CliTest):
    def start(self, *args, **options):
        terminal = Terminal(self, "chat", *(args or GREEDY), **options)
        terminal.expect("lists commands")
        terminal.prompt()
        return terminal

    def reply(self, terminal, text):
        terminal.line(text)
        match = terminal.expect(END)
        terminal.prompt()
        return match.group(1)

    def leave(self, terminal):
        terminal.line("/quit")
        self.assertEqual(terminal.leave(), 0)

    def saved(self, terminal, name="saved.json"):
        terminal.line(f"/save {name}")
        terminal.expect("written to")
        terminal.prompt()
        return json.loads((self.folder / name).read_text())

    def test_all_commands(self):
        terminal = self.start()
        self.assertEqual(self.reply(terminal, "Hi"), "turn_end")
        for line, says in [
                ("/help", "/stats"), ("/why", "drew a token that ends"),
                ("/stats", "1 turn, "), ("/set temp 0.5", "temp 0.5"),
                ("/set n 5", "predict 5"), ("/set seed 3", "seed 3"),
                ("/set tmp 1", "did you mean temp"),
                ("/set temp x", "takes a number"),
                ("/set temp", "as in /set temp"), ("/hlep", "mean /help"),
                ("/system", "there is no system"),
                ("/save", "name of a file"), ("/load none", "no file 'none'"),
                ("/save /proc/x", "can't write"), ("/save .", "no regular file"),
                (f"/save cache/fullstop/models/{NAME}.gguf", "overwrite"),
                ("/drop", "only one turn")]:
            terminal.line(line)
            terminal.expect(says)
            terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 2)
        for line, says in [("/save saved.json", "in place of what it held"),
                           ("/load saved.json", "in place of 2 messages")]:
            terminal.line(line)
            terminal.expect(says)
            terminal.prompt()
        terminal.line("/system Be brief.")
        terminal.prompt()
        self.reply(terminal, "/again")
        self.assertEqual([m["role"] for m in self.saved(terminal)],
                         ["system", "user", "assistant"])
        self.reply(terminal, "Second")
        terminal.line("/drop")
        terminal.expect("left out")
        terminal.prompt()
        # Nothing is lost: the turn that was left out is saved too.
        self.assertEqual([m["content"] for m in self.saved(terminal)
                          if m["role"] != "assistant"],
                         ["Be brief.", "Hi", "Second"])
        terminal.line("/undo")
        terminal.prompt()
        terminal.line("/undo")
        terminal.expect("nothing to take back")
        terminal.prompt()
        terminal.line("/load saved.json")
        terminal.expect("5 messages read")
        terminal.prompt()
        terminal.line("/reset")
        terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 1)
        self.leave(terminal)

    def test_edit(self):
        terminal = self.start()
        self.reply(terminal, "Hi the")
        terminal.line("/edit")
        terminal.expect("Hi the")
        terminal.line("re")
        terminal.expect(END)
        terminal.prompt()
        self.assertEqual(self.saved(terminal)[0]["content"], "Hi there")
        self.leave(terminal)

    def test_several_lines(self):
        terminal = self.start()
        terminal.line("one\\")
        terminal.expect(r"\. ")
        self.reply(terminal, "two")
        self.assertEqual(self.saved(terminal)[0]["content"], "one\ntwo")
        self.leave(terminal)

    def test_pastes(self):
        terminal = self.start("-c", "8192", *GREEDY)
        lines = "\r".join(f"line {i}" for i in range(40))
        self.reply(terminal, f"\033[200~{lines}\r\tend\r\033[201~")
        content = self.saved(terminal)[0]["content"]
        self.assertEqual(content, lines.replace("\r", "\n") + "\n\tend")
        terminal.line("/reset")
        terminal.prompt()
        # A terminal that does not mark what is pasted.
        self.reply(terminal, lines)
        self.assertEqual(self.saved(terminal)[0]["content"],
                         lines.replace("\r", "\n"))
        # However it begins.
        terminal.line("/reset")
        terminal.prompt()
        self.reply(terminal, "\033[200~/quit\rnot yet\033[201~")
        self.assertEqual(self.saved(terminal)[0]["content"], "/quit\nnot yet")
        # Commands that arrive together are not a message.
        terminal.send("/stats\r/set temp 0\r")
        terminal.expect("3 turns")
        terminal.expect("top-p")
        terminal.prompt()
        self.leave(terminal)

    def test_lines_typed_during_a_reply_are_messages_of_their_own(self):
        terminal = self.start(*GREEDY)
        terminal.send("Hi\r")
        terminal.expect("Hello")
        terminal.send("Who are you?\rBye\r/stats\r")
        terminal.expect("3 turns")
        terminal.prompt()
        said = [message["content"] for message in self.saved(terminal)
                if message["role"] == "user"]
        self.assertEqual(said, ["Hi", "Who are you?", "Bye"])
        self.leave(terminal)

    def test_paste_of_ten_thousand_lines(self):
        terminal = self.start("-c", "512", *GREEDY)
        self.reply(terminal, "Hi")
        lines = "\r".join(f"{i} äöü 漢字" for i in range(10000))
        terminal.line(f"\033[200~{lines}\033[201~")
        terminal.expect("the message alone makes")
        terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 2)
        self.reply(terminal, "Hi")
        self.leave(terminal)

    def interrupted_reply(self):
        """A chat whose long reply was stopped, at its next prompt."""
        terminal = self.start(*LONG)
        terminal.line("Tell me a story.")
        terminal.expect(r"\n.*[a-z]+ [a-z]+ [a-z]+")
        terminal.interrupt()
        terminal.expect("cancelled")
        terminal.expect("Ctrl-C again to leave")
        terminal.prompt()
        return terminal

    def test_interrupt_closes_the_turn(self):
        terminal = self.interrupted_reply()
        saved = self.saved(terminal)
        self.assertEqual([m["role"] for m in saved], ["user", "assistant"])
        self.assertTrue(saved[1]["content"])
        terminal.line("/why")
        terminal.expect("you stopped it")
        terminal.prompt()
        self.leave(terminal)

    def test_interrupt_twice_leaves(self):
        terminal = self.start()
        terminal.interrupt()
        terminal.expect("Ctrl-C again to leave")
        terminal.prompt()
        terminal.interrupt()
        self.assertEqual(terminal.leave(), 0)
        terminal = self.interrupted_reply()
        terminal.interrupt()
        self.assertEqual(terminal.leave(), 0)

    def test_interrupt_of_a_line_keeps_it_in_the_history(self):
        terminal = self.start()
        terminal.send("half a li")
        terminal.expect("half a li")
        terminal.interrupt()
        terminal.prompt()
        terminal.send("\033[A")
        terminal.expect("half a li")
        self.reply(terminal, "ne")
        self.assertEqual(self.saved(terminal)[0]["content"], "half a line")
        self.leave(terminal)

    def test_interrupt_while_loading_and_reading(self):
        terminal = Terminal(self, "chat", *GREEDY)
        for _ in range(3):  # while loading, or at the prompt
            time.sleep(0.2)
            terminal.interrupt()
        self.assertIn(terminal.leave(), (-signal.SIGINT, 0))
        terminal = self.start("--temp", "0", "-t", "1", "-b", "64")
        terminal.line("\033[200~" + "word " * 3000 + "\033[201~")
        terminal.expect("reading")
        terminal.interrupt()
        terminal.expect("cancelled")
        terminal.prompt()
        self.leave(terminal)

    def test_full_context_offers_a_way_on(self):
        terminal = self.start("-c", "128", "--temp", "0", "-t", "1", "-n", "8")
        for i in range(2):
            self.reply(terminal, f"{i} is a number. " * 3)
        terminal.line("Tell me of four. " * 8)
        terminal.expect(r"leave the oldest \d turns? out and go on\?")
        terminal.line("n")
        terminal.expect("/drop leaves")
        terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 4)
        terminal.line("Tell me of four. " * 8)
        terminal.expect("go on")
        terminal.line("y")
        terminal.expect(END)
        terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 6)
        # Not offered where it does not help.
        terminal.line("word " * 200)
        terminal.expect("the message alone makes")
        terminal.prompt()
        self.assertEqual(len(self.saved(terminal)), 6)
        self.leave(terminal)
        terminal = self.start("-c", "48", *LONG)
        self.assertEqual(self.reply(terminal, "Hi"), "context_full")
        self.leave(terminal)

    def test_terminals_of_all_kinds(self):
        for env in [{"NO_COLOR": "1"}, {"TERM": "dumb"}]:
            terminal = Terminal(self, "chat", *GREEDY, env=env)
            text = terminal.expect(".*lists commands").group()
            terminal.prompt()
            terminal.line("Hi")
            text += terminal.expect(".*" + END).group()
            self.assertNotRegex(text, "\033\\[[0-9;]*m")
            if "TERM" in env:
                self.assertNotIn("\033", text)
            self.leave(terminal)
        terminal = self.start(*GREEDY, columns=20)
        self.reply(terminal, "Was heißt 漢字, und wie schreibt man es? " * 2)
        self.assertIn("漢字", self.saved(terminal)[0]["content"])
        self.leave(terminal)

    def test_terminal_is_left_as_it_was(self):
        for end in ["/quit\r", "/exit\r", "\x04", "\x03\x03", None]:
            chat = f"{PROGRAM} chat --temp 0 -t 1"
            if end is None:
                chat = "timeout --foreground 5 " + chat
            terminal = Terminal(self, "-c", f"trap : INT; {chat}; stty -a",
                                program="sh")
            terminal.expect("lists commands")
            terminal.prompt()
            for key in [end] if end and end[0] != "\x03" else end or "":
                time.sleep(0.5)
                terminal.send(key)
            settings = terminal.expect(r"speed .*extproc").group()
            for flag in ["isig", "icanon", "echo", "icrnl"]:
                self.assertRegex(settings, rf"[^-]\b{flag}\b")
            self.assertEqual(terminal.leave(), 0)

    def test_history_outlives_a_kill(self):
        terminal = self.start()
        self.reply(terminal, "remember this")
        terminal.kill(signal.SIGKILL)
        terminal.leave()
        terminal = self.start()
        terminal.send("\033[A")
        terminal.expect("remember this")
        terminal.interrupt()
        terminal.prompt()
        self.leave(terminal)
        history = self.folder / ".local/state/fullstop/chat_history"
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)

    def test_home_that_is_read_only(self):
        terminal = Terminal(self, "chat", *GREEDY, env={"HOME": "/proc"})
        terminal.expect("the history is not kept")
        terminal.prompt()
        self.assertEqual(self.reply(terminal, "Hi"), "turn_end")
        self.leave(terminal)


if __name__ == "__main__":
    main()
