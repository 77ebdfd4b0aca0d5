"""`doctor`, as a person or a script uses it."""
import json
import shutil
import struct

from harness import NAME, CliTest, main
from tiny_folder import make_folder


class DoctorTest(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_folder(cls.folder / "tiny")
        make_folder(cls.folder / "faulty")
        generation = cls.folder / "faulty/generation_config.json"
        generation.write_text(json.dumps({"eos_token_id": [2], "repetition_penalty": 1.3}))

    def rules(self, *args, code=0):
        """The rules that found something, by severity."""
        answer = self.run_it("doctor", *args, "--format", "json")
        self.assertEqual(answer.code, code, answer.err)
        found = {}
        for finding in answer.json()["targets"][0]["findings"]:
            found.setdefault(finding["severity"], set()).add(finding["rule"])
        return found

    def test_healthy_models_have_notes_at_most(self):
        for target in (NAME, "tiny"):
            self.assertEqual(set(self.rules(target, "--fail-on", "warning")) - {"note"}, set())

    def test_an_undeclared_end_is_an_error(self):
        found = self.rules("faulty", code=1)
        self.assertEqual(found["error"], {"GEN001"})
        self.assertEqual(found["warning"], {"GEN020"})
        answer = self.run_it("doctor", "faulty")
        self.assertEqual(answer.code, 1)
        self.assertIn("<|end|> (3), which no file declares", answer.out)
        self.assertIn("repair: add 3 to eos_token_id of generation_config.json", answer.out)
        self.assertIn("1 error, 1 warning", answer.out)

    def test_a_file_that_lost_its_list_is_told_what_llama_cpp_does(self):
        self.run_it("convert", "faulty", "-o", "faulty.gguf")
        file = self.folder / "faulty.gguf"
        whole = file.read_bytes()
        for key in (b"tokenizer.ggml.eot_token_id", b"fullstop.stop_token_ids"):
            self.assertEqual(whole.count(key), 1)
            whole = whole.replace(key, key[:-1] + b"_")
        file.write_bytes(whole)
        answer = self.run_it("doctor", "faulty.gguf", "--select", "GEN001")
        self.assertEqual(answer.code, 1)
        self.assertIn("llama.cpp stops there all the same, by a guess", answer.out)
        self.assertIn("tokenizer.ggml.eot_token_id = 3", answer.out)

    def test_an_end_that_an_unasked_prompt_hides_is_unknown(self):
        """Past answers close as thoughts do; the last one is never shown."""
        make_folder(self.folder / "unasked")
        template = (
            "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}"
            "{% if m.thinking %}assistant a {{ m.thinking }}<|end|>{% endif %}assistant b "
            "{{ m.content }}{{ '</s>' if loop.last and not add_generation_prompt else '<|end|>' }}"
            "{% else %}{{ m.role }} {{ m.content }}<|end|>{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}assistant {% endif %}")
        (self.folder / "unasked/generation_config.json").write_text('{"eos_token_id": 2}')
        for always, told in (("", []), ("{% set add_generation_prompt = true %}", ["GEN001"])):
            (self.folder / "unasked/tokenizer_config.json").write_text(json.dumps(
                {"bos_token": "<s>", "eos_token": "</s>", "chat_template": always + template}))
            answer = self.good("doctor", "unasked", "--select", "GEN001", "--format", "json")
            found = answer.json()["targets"][0]
            self.assertEqual(found["findings"], [])
            self.assertEqual([each["rule"] for each in found["not_evaluated"]], told)

    def test_rules_are_chosen(self):
        self.assertEqual(self.rules("faulty", "--select", "GEN020"), {"warning": {"GEN020"}})
        self.assertEqual(self.rules("faulty", "--select", "GEN", "--ignore", "GEN001,GEN007"),
                         {"warning": {"GEN020"}})
        self.rules("faulty", "--select", "GEN020", "--fail-on", "warning", code=1)
        self.rules("faulty", "--exit-zero")

    def test_an_end_that_lies_among_unused_rows_was_never_trained(self):
        """The random rows of the folder are all alike, and 17 have no token."""
        make_folder(self.folder / "rows")
        weights = self.folder / "rows/model.safetensors"
        data = bytearray(weights.read_bytes())
        row = 8 + int.from_bytes(data[:8], "little") + 3 * 32 * 4
        for value, found in ((None, {"TOK007"}), (100, set())):
            if value:
                data[row:row + 32 * 4] = struct.pack("<32f", *[value] * 32)
            weights.write_bytes(data)
            self.assertEqual(self.rules("rows", "--select", "TOK007").get("note", set()), found)
        for args, why in ((["--no-weights"], "not to be opened"), ([], "Git LFS pointer")):
            answer = self.good("doctor", "rows", "--select", "TOK007", *args, "--format", "json")
            unknown = answer.json()["targets"][0]["not_evaluated"]
            self.assertIn(why, unknown[0]["why"])
            weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n")

    def test_an_end_that_is_no_id_is_told(self):
        make_folder(self.folder / "named")
        generation = self.folder / "named/generation_config.json"
        for value, found in (("<|end|>", True), (2.5, True), ([2, [3]], True),
                             (99999999999999999999999, True), (None, False), ([2, 3], False)):
            generation.write_text(json.dumps({"eos_token_id": value}))
            rules = self.rules("named", "--select", "GEN005")
            self.assertEqual(rules, {"warning": {"GEN005"}} if found else {}, value)

    def test_damaged_weights_are_told(self):
        make_folder(self.folder / "cut")
        weights = self.folder / "cut/model.safetensors"
        whole = weights.read_bytes()
        self.assertEqual(self.rules("cut", "--select", "TOK013"), {})
        weights.write_bytes(whole[:-100])
        self.assertEqual(self.rules("cut", "--select", "TOK013"), {"warning": {"TOK013"}})
        self.assertEqual(self.rules("cut", "--select", "TOK013", "--no-weights"), {})
        weights.unlink()
        self.assertEqual(self.rules("cut", "--select", "TOK013"), {})

    def test_a_file_with_fewer_rows_than_tokens_is_told(self):
        self.good("convert", "tiny", "-o", "rows.gguf")
        file = self.folder / "rows.gguf"
        whole = file.read_bytes()
        before = b"token_embd.weight" + struct.pack("<IQ", 2, 32)
        self.assertEqual(whole.count(before + struct.pack("<Q", 48)), 1)
        for rows, found in ((48, {}), (30, {"note": {"TOK005"}}), (3, {"error": {"TOK005"}})):
            file.write_bytes(whole.replace(before + struct.pack("<Q", 48),
                                           before + struct.pack("<Q", rows)))
            self.assertEqual(self.rules("rows.gguf", "--select", "TOK005",
                                        code=int("error" in found)), found)

    def test_weights_of_another_size_than_declared_are_told(self):
        make_folder(self.folder / "sizes")
        config = self.folder / "sizes/config.json"
        self.assertEqual(self.rules("sizes", "--select", "TOK012"), {})
        value = json.loads(config.read_text())
        config.write_text(json.dumps(value | {"intermediate_size": 96}))
        self.assertEqual(self.rules("sizes", "--select", "TOK012"), {"warning": {"TOK012"}})
        config.write_text(json.dumps(value | {"model_type": "unheard_of"}))
        for args, why in (([], "unheard_of"), (["--no-weights"], "not to be opened")):
            answer = self.good("doctor", "sizes", "--select", "TOK012", *args, "--format", "json")
            self.assertIn(why, answer.json()["targets"][0]["not_evaluated"][0]["why"])

    def test_a_marker_of_the_template_that_is_no_token_is_told(self):
        make_folder(self.folder / "markers")
        config = self.folder / "markers/tokenizer_config.json"
        value = json.loads(config.read_text())
        for role, found in (("<|{{ m.role }}|>", {"note": {"TOK011"}}), ("<|end|>", {}),
                            ("<{{ m.role }}>", {})):
            template = value["chat_template"].replace("{{ m.role }}", role)
            config.write_text(json.dumps(value | {"chat_template": template}))
            self.assertEqual(self.rules("markers", "--select", "TOK011"), found)
        config.write_text(json.dumps(value))
        self.assertEqual(self.rules("markers", "--select", "TOK011"), {})

    def test_null_content_of_a_call_is_told(self):
        make_folder(self.folder / "calls")
        config = self.folder / "calls/tokenizer_config.json"
        value = json.loads(config.read_text())
        for content, found in (("m.content", True), ("'' + m.content", True),
                               ("m.content or ''", False)):
            template = value["chat_template"].replace(
                "{{ m.content }}",
                "{{ %s }}{%% for c in m.tool_calls or [] %%} {{ c.function.name }} "
                "{{ c.function.arguments | tojson }}{%% endfor %%}" % content)
            config.write_text(json.dumps(value | {"chat_template": template}))
            self.assertEqual(self.rules("calls", "--select", "TPL016"),
                             {"note": {"TPL016"}} if found else {})

    def test_a_run_that_may_not_come_twice_is_told(self):
        make_folder(self.folder / "runs")
        config = self.folder / "runs/generation_config.json"
        value = json.loads(config.read_text())
        for size, found in ((0, {}), (1, {"error": {"GEN024"}}), (3, {"warning": {"GEN024"}})):
            config.write_text(json.dumps(value | {"no_repeat_ngram_size": size}))
            self.assertEqual(self.rules("runs", "--select", "GEN024",
                                        code=int("error" in found)), found)
        self.run_it("doctor", "runs", "--fix", "mended", "--unsafe-fixes")
        mended = json.loads((self.folder / "mended/generation_config.json").read_text())
        self.assertNotIn("no_repeat_ngram_size", mended)

    def test_what_could_not_be_evaluated_is_no_pass(self):
        make_folder(self.folder / "base")
        config = self.folder / "base/tokenizer_config.json"
        config.write_text(json.dumps({"eos_token": "</s>"}))
        answer = self.good("doctor", "base", "--format", "json").json()["targets"][0]
        self.assertIn({"rule": "TPL001", "why": "the files hold no chat template"},
                      answer["not_evaluated"])
        refused = self.run_it("doctor", "base", "--require", "TPL001")
        self.assertEqual(refused.code, 1)
        self.assertIn("TPL001 is required", refused.err)

    def test_who_uses_a_faulty_model_is_told_once(self):
        told = "<|end|> (3), which no file declares as an end: it ends replies here all the same"
        answer = self.good("generate", "faulty", "-p", "hi", "-n", "2")
        self.assertEqual(answer.err.count(told), 1)
        self.refused("generate", "faulty", "-p", "hi", "--strict",
                     says=["which no file declares", "doctor MODEL --fix"])
        self.refused("chat", "faulty", "--strict", says="which no file declares")
        for words in (["generate", "tiny", "-p", "hi", "-n", "2", "--strict"],
                      ["generate", "faulty", "--raw", "-p", "hi", "-n", "2"]):
            self.assertNotIn("error", self.good(*words).err)

    def test_pages(self):
        listed = self.good("doctor", "--rules").out
        self.assertIn("GEN001  an answer ends with an id that no file declares\n", listed)
        for line in listed.splitlines():
            page = self.good("doctor", "--explain", line.split()[0]).out
            self.assertTrue(page.startswith(f"## {line.split()[0]}: "), page)

    def test_hostile_files_are_told_in_few_words(self):
        make_folder(self.folder / "hostile")
        config = self.folder / "hostile/tokenizer_config.json"
        loop = "{% for a in range(100000) %}"
        config.write_text(json.dumps({"chat_template": loop + loop + "{{ a }}" + 2 *
                                      "{% endfor %}"}))
        (self.folder / "hostile/generation_config.json").write_text(
            json.dumps({"eos_token_id": list(range(40, 100000))}))
        answer = self.run_it("doctor", "hostile")
        self.assertEqual(answer.code, 1)
        self.assertIn("TPL001", answer.out)
        self.assertIn("GEN005", answer.out)
        self.assertLess(len(answer.out), 10000)
        (self.folder / "hostile/generation_config.json").write_text("[" * 100000)
        self.refused("doctor", "hostile", says="generation_config.json")

    def test_statistics(self):
        shutil.copytree(self.folder / "faulty", self.folder / "second")
        answer = self.run_it("doctor", "faulty", "second", "--statistics", "--select",
                             "GEN001,GEN020")
        self.assertIn("2  GEN001", answer.out)

    def test_what_can_not_be_done_is_told(self):
        self.write("text.gguf", "no model")
        for words, texts in ((["doctor"], ["no target"]),
                             (["doctor", "nothing"], ["nothing"]),
                             (["doctor", "text.gguf"], ["not a GGUF file"]),
                             (["doctor", "tiny", "--select", "XYZ"], ["'XYZ'", "--rules"]),
                             (["doctor", "tiny", "--fail-on", "fatal"], ["fatal"]),
                             (["doctor", "--explain", "GEN999"], ["'GEN999'"])):
            self.refused(*words, says=texts)


main()
