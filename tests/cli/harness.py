"""What the tests of the program share: it is run as a person or a script would.

FULLSTOP names the program, FULLSTOP_MODEL the default model's file. Each test
class has a folder of its own, which is also the home, the cache (with the
default model in it) and the working folder of the program.
"""
import errno
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

PROGRAM = os.environ["FULLSTOP"]
MODEL = pathlib.Path(os.environ.get("FULLSTOP_MODEL", ""))
NAME = "SmolLM2-135M-Instruct-Q4_1"
# Everything is slower under a sanitizer or beside other work.
PATIENCE = int(os.environ.get("PATIENCE", 120))


class Answer:
    def __init__(self, code, out, err):
        self.code, self.raw = code, out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    def json(self):
        """The one object on standard output; nothing else may stand there."""
        assert self.out.endswith("\n") and self.out.count("\n") == 1, self.out
        return json.loads(self.out)


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="fullstop_cli."))
        models = cls.folder / "cache/fullstop/models"
        models.mkdir(parents=True)
        (models / (NAME + ".gguf")).symlink_to(MODEL.resolve())
        cls.env = dict(os.environ, HOME=str(cls.folder), TERM="xterm",
                       XDG_CACHE_HOME=str(cls.folder / "cache"))
        for name in ("XDG_STATE_HOME", "NO_COLOR", "FULLSTOP_CPU_PATH"):
            cls.env.pop(name, None)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def write(self, name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (self.folder / name).write_bytes(data)
        return name

    def run_it(self, *args, stdin=b"", env=(), **options):
        done = subprocess.run(
            [PROGRAM, *args], cwd=options.pop("cwd", self.folder), env={**self.env, **dict(env)},
            timeout=PATIENCE, stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            **(options if "stdin" in options else
               {"input": stdin.encode() if isinstance(stdin, str) else stdin,
                **options}))
        return Answer(done.returncode, done.stdout or b"", done.stderr or b"")

    def good(self, *args, **options):
        answer = self.run_it(*args, **options)
        self.assertEqual(answer.code, 0, answer.err)
        return answer

    def refused(self, *args, says=(), code=2, **options):
        """Exit code 2, nothing on standard output, and each of SAYS told."""
        answer = self.run_it(*args, **options)
        self.assertEqual(answer.code, code, answer.err)
        self.assertEqual(answer.out, "")
        self.assertRegex(answer.err, r"(?m)^error: ")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, answer.err)
        return answer


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, test, *args, env=(), columns=100, program=PROGRAM):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(test.folder)
            size = struct.pack("HHHH", 40, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execvpe(program, [program, *args], {**test.env, **dict(env)})

    def _read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Waits for PATTERN behind what was expected before; its match."""
        end = time.monotonic() + PATIENCE
        while True:
            match = re.search(pattern, self.text, re.S)
            if match:
                self.text = self.text[match.end():]
                return match
            if time.monotonic() > end or not self._read(1):
                match = re.search(pattern, self.text, re.S)
                if match:
                    continue
                raise AssertionError(f"no {pattern!r} in {self.text!r}")

    def prompt(self):
        return self.expect(r"(?:^|\n|\r|h)> (?!.*\n)")

    def send(self, text):
        data = text.encode()
        while data:
            select.select([], [self.fd], [], 1)
            data = data[os.write(self.fd, data[:1024]):]
            self._read(0)

    def line(self, text):
        self.send(text + "\r")

    def interrupt(self):
        self.send("\x03")

    def kill(self, number):
        os.kill(self.pid, number)

    def leave(self):
        """Its exit code, once it is gone; minus the signal that ended it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"it does not leave: {self.text!r}")


def main():
    if not MODEL.is_file():
        print(f"skipped: there is no {MODEL}")
        sys.exit(77)
    unittest.main(verbosity=2)
