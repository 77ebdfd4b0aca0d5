"""`doctor` on adapters and trained models, as a person or a script uses it."""
import json
import random
import shutil
import struct

from harness import CliTest, main
from tiny_folder import TEMPLATE, VOCABULARY, make_folder

COLUMNS = 32
PREFIX = "base_model.model."
CONFIG = {"peft_type": "LORA", "base_model_name_or_path": "some/tiny", "r": 4, "lora_alpha": 8,
          "target_modules": ["q_proj"], "modules_to_save": None}


def rows(count, seed, columns=COLUMNS):
    rng = random.Random(seed)
    return [[rng.gauss(0, 0.3) for _ in range(columns)] for _ in range(count)]


def save(path, tensors):
    """A safetensors file of lists of rows."""
    header, data = {}, b""
    for name, matrix in tensors.items():
        part = b"".join(struct.pack(f"<{len(row)}f", *row) for row in matrix)
        header[name] = {"dtype": "F32", "shape": [len(matrix), len(matrix[0])],
                        "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tensors_of(folder):
    """The embedding of a folder of tiny_folder."""
    data = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    begin = 8 + length
    return [list(struct.unpack_from(f"<{COLUMNS}f", data, begin + 4 * COLUMNS * i))
            for i in range(VOCABULARY)]


class DoctorAdapterTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "base")
        # The first 32 rows of the folder stand there twice: told apart.
        cls.embedding = rows(VOCABULARY, 5)
        for unused in range(31, VOCABULARY):
            cls.embedding[unused] = [0.01 + x / 100 for x in cls.embedding[unused]]
        cls.embedding[3] = [0.01 + x / 100 for x in rows(1, 6)[0]]
        weights = cls.folder / "base/model.safetensors"
        data = bytearray(weights.read_bytes())
        begin = 8 + int.from_bytes(data[:8], "little")
        for i, row in enumerate(cls.embedding):
            at = begin + 4 * COLUMNS * i
            data[at:at + 4 * COLUMNS] = struct.pack(f"<{COLUMNS}f", *row)
        weights.write_bytes(data)

    def adapter(self, name, tensors=(), tokenizer=False, **config):
        folder = self.folder / name
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **config}))
        module = PREFIX + "model.layers.0.self_attn.q_proj.lora_"
        save(folder / "adapter_model.safetensors",
             {module + "A.weight": rows(4, 1), module + "B.weight": rows(32, 2, 4),
              **dict(tensors)})
        if tokenizer:
            for file in ("tokenizer.json", "tokenizer_config.json"):
                shutil.copy(self.folder / "base" / file, folder)
        return name

    def report(self, *args):
        answer = self.run_it("doctor", *args, "--format", "json")
        self.assertIn(answer.code, (0, 1), answer.err)
        return answer.json()["targets"][0]

    def found(self, *args):
        """The rules of adapters and weights that found something, with their severities."""
        return {(each["rule"], each["severity"]) for each in self.report(*args)["findings"]
                if each["rule"].startswith(("ADP", "TOK013"))}

    def test_its_kind_is_told_and_what_needs_a_base(self):
        name = self.adapter("bare")
        report = self.report(name)
        self.assertEqual((report["kind"], report["hash"], report["findings"]),
                         ("adapter", "", []))
        why = {each["rule"]: each["why"] for each in report["not_evaluated"]}
        for rule in ("GEN001", "TPL001", "TOK001", "ADP001", "ADP007", "ADP010"):
            self.assertIn("needs --base MODEL", why[rule])
            self.assertIn("'some/tiny'", why[rule])
        self.assertIn("bare: adapter\n", self.good("doctor", name).out)
        # A file in it stands for it.
        self.assertEqual(self.report("bare/adapter_config.json")["path"], "bare")

    def test_its_own_tokenizer_is_looked_at_without_a_base(self):
        report = self.report(self.adapter("own", tokenizer=True))
        self.assertNotEqual(report["hash"], "")
        why = {each["rule"]: each["why"] for each in report["not_evaluated"]}
        self.assertIn("GEN001", why)
        self.assertNotIn("TPL001", why)

    def test_an_end_out_of_reach(self):
        for name, tokenizer in (("reach", False), ("reach-own", True)):
            self.adapter(name, tokenizer=tokenizer)
            self.assertEqual(self.found(name, "--base", "base"), {("ADP007", "warning")})
        answer = self.good("doctor", "reach", "--base", "base")
        self.assertIn("<|end|> (3) ends answers", answer.out)
        self.assertIn("the adapter does not reach it", answer.out)
        # The embedding is the head, and it is trained.
        for i, options in enumerate((
                {"tensors": {PREFIX + "model.embed_tokens.token_adapter.trainable_tokens_delta":
                             rows(1, 9)}, "trainable_token_indices": [3]},
                {"tensors": {PREFIX + "model.embed_tokens.lora_embedding_A":
                             rows(4, 9, VOCABULARY),
                             PREFIX + "model.embed_tokens.lora_embedding_B": rows(32, 8, 4)},
                 "target_modules": ["q_proj", "embed_tokens"]})):
            name = self.adapter(f"reached{i}", **options)
            self.assertNotIn("ADP007", dict(self.found(name, "--base", "base")))

    def test_a_gguf_file_is_a_base_too(self):
        self.good("convert", "base", "-o", "base.gguf")
        self.adapter("over-gguf", tokenizer=True)
        self.assertEqual(self.found("over-gguf", "--base", "base.gguf"), {("ADP007", "warning")})
        report = self.report("over-gguf", "--base", "base.gguf")
        self.assertNotIn("error", {each["severity"] for each in report["findings"]})
        self.adapter("no-tokenizer")
        self.assertEqual(self.found("no-tokenizer", "--base", "base.gguf"),
                         {("ADP007", "warning")})

    def test_a_trained_model_beside_its_base(self):
        shutil.copytree(self.folder / "base", self.folder / "model")
        self.assertEqual(self.found("model", "--base", "base"), {("ADP007", "warning")})
        self.assertEqual(self.found("model"), set())
        config = json.loads((self.folder / "model/config.json").read_text())
        config["vocab_size"] = VOCABULARY - 1
        (self.folder / "model/config.json").write_text(json.dumps(config))
        self.assertIn(("ADP005", "warning"), self.found("model", "--base", "base"))

    def test_weights_stay_closed(self):
        self.adapter("closed", tokenizer=True)
        report = self.report("closed", "--base", "base", "--no-weights")
        self.assertEqual([each for each in report["findings"] if each["rule"][:3] == "ADP"], [])
        why = {each["rule"]: each["why"] for each in report["not_evaluated"]}
        for number in (1, 2, 3, 5, 6, 7, 8, 9):
            self.assertIn("not to be opened", why[f"ADP00{number}"])

    def test_what_is_no_weights_is_told(self):
        for i, (file, content, why) in enumerate((
                ("adapter_model.safetensors", b"version https://git-lfs.github.com/spec/v1\n",
                 "weights absent: "),
                ("adapter_model.bin", b"PK", "the weights can't be read: 'adapter_model.bin' is a pickle"),
                ("adapter_model.safetensors.index.json", b"{}", "in several files"),
                ("nothing", b"", "weights absent: the folder holds no weights"))):
            name = self.adapter(f"absent{i}")
            (self.folder / name / "adapter_model.safetensors").unlink()
            (self.folder / name / file).write_bytes(content)
            report = self.report(name, "--base", "base")
            self.assertIn(why, " ".join(each["why"] for each in report["not_evaluated"]
                                        if each["rule"] == "ADP002"))
            refused = self.run_it("doctor", name, "--base", "base", "--require", "ADP007")
            self.assertEqual(refused.code, 1)

    def test_hostile_adapters_are_told(self):
        for i, r in enumerate((0, -3, 1 << 40)):
            self.assertEqual(self.found(self.adapter(f"rank{i}", r=r)), {("ADP002", "warning")})
        huge = 1 << 61
        for i, header in enumerate((
                {"lm_head.weight": {"dtype": "F32", "shape": [huge, huge],
                                    "data_offsets": [0, 64]}},
                {"a": {"dtype": "F32", "shape": [8], "data_offsets": [0, 32]},
                 "b": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}})):
            name = self.adapter(f"shape{i}")
            text = json.dumps(header).encode()
            (self.folder / name / "adapter_model.safetensors").write_bytes(
                struct.pack("<Q", len(text)) + text + bytes(64))
            self.assertEqual(self.found(name, "--base", "base"), {("TOK013", "warning")})
        self.adapter("length")
        (self.folder / "length/adapter_model.safetensors").write_bytes(b"\xff" * 16)
        self.assertEqual(self.found("length", "--base", "base"), {("TOK013", "warning")})
        for text, told in (("[" * 100000, "adapter_config.json"), ('{"r": "8"}', "'r'"),
                           ('{"target_modules": 7}', "'target_modules'")):
            (self.folder / "length/adapter_config.json").write_text(text)
            self.refused("doctor", "length", says=told)

    def test_a_long_list_of_tokens_stays_short(self):
        name = self.adapter("long", trainable_token_indices=list(range(200000)),
                            target_modules=[f"m{i}" for i in range(5000)])
        answer = self.run_it("doctor", name, "--base", "base")
        self.assertIn("ADP004", answer.out)
        self.assertLess(len(answer.out), 10000)

    def test_ends_that_training_changed(self):
        name = self.adapter("other-end", tokenizer=True)
        config = json.loads((self.folder / name / "tokenizer_config.json").read_text())
        config["chat_template"] = TEMPLATE.replace("<|end|>", "</s>")
        (self.folder / name / "tokenizer_config.json").write_text(json.dumps(config))
        answer = self.run_it("doctor", name, "--base", "base", "--select", "ADP010")
        self.assertIn("the template ends turns otherwise than the base's", answer.out)
        self.assertIn("ends turns in the base: <|end|>", answer.out)
        self.assertIn("protocol of the base: ", answer.out)

    def test_what_can_not_be_done_is_told(self):
        name = self.adapter("plain")
        self.refused("doctor", "base", "--base", name, says="an adapter is no base")
        self.refused("doctor", name, "--base", "nothing", says="nothing")
        self.refused("doctor", name, "--fix", "out", says="an adapter is not repaired")
        self.write("rows.jsonl", '{"input_ids": [4, 3], "labels": [4, 3]}\n')
        for words in (["--tokenized", "rows.jsonl"], ["--data", "rows.jsonl"]):
            # What was found of the files has been printed by then.
            answer = self.run_it("doctor", name, *words)
            self.assertEqual(answer.code, 2)
            self.assertIn("--base MODEL", answer.err)
        self.good("doctor", name, "--base", "base", "--tokenized", "rows.jsonl", "--exit-zero")
        self.refused("convert", name, "-o", "x.gguf", says="an adapter, not a model")

    def test_places_of_findings(self):
        name = self.adapter("place", r=0)
        found = self.report(name)["findings"][0]
        place = found["evidence"][0]
        self.assertEqual((place["file"], place["line"]), ("place/adapter_config.json", 1))


main()
