"""`convert`, as a person or a script uses it."""
import resource
import shutil
import signal
import subprocess
import time

from harness import PROGRAM, CliTest, main
from tiny_folder import make_folder

class ConvertTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "tiny")

    def left(self):
        return sorted(p.name for p in self.folder.iterdir() if p.name.startswith("out"))

    def test_folder_becomes_a_file_with_all_stops(self):
        answer = self.good("convert", "tiny", "-o", "out.gguf", "--outtype", "f16", "--json").json()
        self.assertEqual(answer["output"], "out.gguf")
        self.assertEqual(answer["tensors"], 11)
        self.assertTrue(answer["same_protocol"])
        self.assertEqual(answer["remarks"], [])
        shown = self.good("show", "out.gguf", "--json").json()
        self.assertEqual(shown["hash"], answer["hash"])
        self.assertEqual([(s["id"], s["role"]) for s in shown["stops"]],
                         [(2, "sequence_end"), (3, "turn_end")])
        self.assertEqual(self.left(), ["out.gguf"])
        self.good("generate", "out.gguf", "-p", "hello", "-n", "3")
        again = self.good("convert", "out.gguf", "--metadata-from", "tiny", "-o", "out2.gguf",
                          "--json").json()
        self.assertEqual(again["hash"], answer["hash"])
        self.assertEqual((self.folder / "out2.gguf").stat().st_size,
                         (self.folder / "out.gguf").stat().st_size)
        for name in self.left():
            (self.folder / name).unlink()

    def test_plain_answer_is_the_files_name(self):
        answer = self.good("convert", "tiny", "-o", "out.gguf")
        self.assertEqual(answer.out, "out.gguf\n")
        self.assertIn("11 tensors", answer.err)
        (self.folder / "out.gguf").unlink()

    def test_what_can_not_be_done_is_told(self):
        for words, texts in (
                (["convert", "tiny"], ["--output"]),
                (["convert", "tiny", "-o", "out.gguf", "--outtype", "q4_0"],
                 ["'q4_0'", "one of auto, f32, f16, bf16, q8_0"]),
                (["convert", "nothing", "-o", "out.gguf"], ["nothing"]),
                (["convert", "tiny", "-o", "no/folder/out.gguf"], ["no/folder/out.gguf"])):
            answer = self.run_it(*words)
            self.assertEqual(answer.code, 2, answer.err)
            for text in texts:
                self.assertIn(text, answer.err)
        self.assertEqual(self.left(), [])

    def test_large_weights_become_several_files(self):
        self.good("convert", "tiny", "-o", "out.gguf")
        self.good("convert", "out.gguf", "-o", "out_folder", "--max-shard-size", "10kB")
        files = sorted(p.name for p in (self.folder / "out_folder").glob("model*"))
        self.assertEqual(files[-1], "model.safetensors.index.json")
        self.assertGreater(len(files), 2)
        self.assertEqual(self.good("show", "out_folder", "--json").json()["hash"],
                         self.good("show", "tiny", "--json").json()["hash"])
        self.good("generate", "out_folder", "-p", "hello", "-n", "3")
        answer = self.run_it("convert", "out.gguf", "-o", "out2", "--max-shard-size", "much")
        self.assertEqual(answer.code, 2)
        self.assertIn("5GB, 500MB", answer.err)
        (self.folder / "out.gguf").unlink()
        shutil.rmtree(self.folder / "out_folder")

    def test_a_disk_that_fills_up_leaves_nothing(self):
        self.good("convert", "tiny", "-o", "whole.gguf")
        size = (self.folder / "whole.gguf").stat().st_size

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))
        for words in (["tiny", "-o", "out.gguf"], ["whole.gguf", "-o", "out"],
                      ["whole.gguf", "--metadata-from", "tiny", "-o", "out.gguf"]):
            answer = subprocess.run([PROGRAM, "convert", *words], cwd=self.folder, env=self.env,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    preexec_fn=limit)
            self.assertEqual(answer.returncode, 2, answer.stderr)
            self.assertIn(b"File too large", answer.stderr)
            self.assertEqual(answer.stdout, b"")
            self.assertEqual(self.left(), [])

    def test_interrupt_leaves_nothing(self):
        make_folder(self.folder / "large", 2, 1 << 16)
        process = subprocess.Popen([PROGRAM, "convert", "large", "-o", "out.gguf", "--outtype",
                                    "q8_0"], cwd=self.folder, env=self.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not self.left() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"nothing was written", err)
        self.assertEqual(self.left(), [])


if __name__ == "__main__":
    main()
