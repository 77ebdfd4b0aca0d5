"""Writes tests/fixtures/llama/: small random models of the Llama line, each with
the logits that it must give.

usage: make_llama_fixtures.py

Also tests/corpus/model_load_fuzz/tiny.gguf, the smallest model there is, and
two damaged copies of it.

NAME.gguf is a model of two layers; NAME.json holds 48 token ids and, for some
positions, the float64 logits behind them, by llama_float64.py. Each model shows
one thing of the line, and the script makes sure that it can be seen: without it
the logits would differ by more than 0.25 at the last position. The weights are
normal random numbers; those of queries and keys are large, so that attention is
sharp. Made with gguf 0.19; the seed is fixed.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize

from llama_float64 import Llama

SEED = 7
IDS = 48
POSITIONS = [0, 1, 20, 47]
SEEN = 0.25

PLAIN = {"embedding": 32, "feed_forward": 64, "vocabulary": 64, "layers": 2,
         "heads": 4, "kv_heads": 2, "head_length": None, "rotated": None,
         "type": "Q8_0", "keys": {}, "tied": True, "bias": False,
         "factors": False}

TINY = PLAIN | {"embedding": 8, "feed_forward": 8, "vocabulary": 4, "layers": 1,
                "heads": 1, "kv_heads": 1, "type": "F32"}

# What differs from PLAIN.
MODELS = {
    "gqa": {},
    "multi_head": {"kv_heads": 4},
    "untied": {"tied": False},
    "bias": {"bias": True},
    "head_length": {"head_length": 16},
    "partial_rope": {"rotated": 4},
    "rope_base": {"keys": {"rope.freq_base": 100.0}},
    "rope_linear": {"keys": {"rope.scaling.type": "linear",
                             "rope.scaling.factor": 4.0}},
    "rope_yarn": {"keys": {"rope.scaling.type": "yarn",
                           "rope.scaling.factor": 4.0,
                           "rope.scaling.original_context_length": 16}},
    "rope_factors": {"factors": True},
    "f16": {"type": "F16"},
    "q4_0": {"type": "Q4_0"},
}


def write_model(path, spec):
    """The same random numbers for every model, so that two models differ in
    what their specs do."""
    rng = np.random.default_rng(SEED)
    embedding, feed_forward = spec["embedding"], spec["feed_forward"]
    head_length = spec["head_length"] or embedding // spec["heads"]
    rotated = spec["rotated"] or head_length
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(spec["layers"])
    writer.add_context_length(128)
    writer.add_embedding_length(embedding)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(spec["heads"])
    if spec["kv_heads"] != spec["heads"]:
        writer.add_head_count_kv(spec["kv_heads"])
    if spec["head_length"]:
        writer.add_key_length(head_length)
        writer.add_value_length(head_length)
    writer.add_rope_dimension_count(rotated)
    writer.add_layer_norm_rms_eps(1e-5)
    for key, value in spec["keys"].items():
        add = {str: writer.add_string, int: writer.add_uint32,
               float: writer.add_float32}[type(value)]
        add("llama." + key, value)

    def vector(name, mean, deviation, length):
        numbers = rng.normal(mean, deviation, length).astype(np.float32)
        writer.add_tensor(name, numbers)

    def matrix(name, rows, columns, gain=1.0):
        numbers = rng.normal(0, gain / np.sqrt(columns), (rows, columns))
        kind = GGMLQuantizationType[spec["type"]]
        writer.add_tensor(name, quantize(numbers.astype(np.float32), kind),
                          raw_dtype=kind)

    def linear(name, rows, columns, gain=1.0):
        matrix(name + ".weight", rows, columns, gain)
        if spec["bias"]:
            vector(name + ".bias", 0, 0.5, rows)

    query = spec["heads"] * head_length
    key = spec["kv_heads"] * head_length
    matrix("token_embd.weight", spec["vocabulary"], embedding, 8)
    for i in range(spec["layers"]):
        block = f"blk.{i}."
        vector(block + "attn_norm.weight", 1, 0.2, embedding)
        linear(block + "attn_q", query, embedding, 2)
        linear(block + "attn_k", key, embedding, 2)
        linear(block + "attn_v", key, embedding, 2)
        linear(block + "attn_output", embedding, query, 2)
        vector(block + "ffn_norm.weight", 1, 0.2, embedding)
        linear(block + "ffn_gate", feed_forward, embedding)
        linear(block + "ffn_up", feed_forward, embedding)
        linear(block + "ffn_down", embedding, feed_forward)
    vector("output_norm.weight", 1, 0.2, embedding)
    if not spec["tied"]:
        matrix("output.weight", spec["vocabulary"], embedding)
    if spec["factors"]:
        writer.add_tensor("rope_freqs.weight", np.geomspace(
            1, 8, rotated // 2).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    tests = Path(__file__).parents[1]
    folder = tests / "fixtures" / "llama"
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.random.default_rng(SEED).integers(0, PLAIN["vocabulary"],
                                               IDS).tolist()
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.gguf"
        write_model(plain, PLAIN)
        plain_logits = Llama.of_file(plain).logits(ids)
    for name, changes in MODELS.items():
        model = folder / (name + ".gguf")
        write_model(model, PLAIN | changes)
        logits = Llama.of_file(model).logits(ids)
        seen = np.abs(logits[-1] - plain_logits[-1]).max()
        assert not changes or seen > SEEN, (name, seen)
        assert model.stat().st_size < 100_000, (name, model.stat().st_size)
        expected = {"ids": ids,
                    "logits": {p: [round(x, 9) for x in logits[p].tolist()]
                               for p in POSITIONS}}
        (folder / (name + ".json")).write_text(json.dumps(expected) + "\n")
        print(f"{name}: {model.stat().st_size} bytes, seen by {seen:.2f}")

    corpus = tests / "corpus" / "model_load_fuzz"
    corpus.mkdir(parents=True, exist_ok=True)
    write_model(corpus / "tiny.gguf", TINY)
    tiny = (corpus / "tiny.gguf").read_bytes()
    (corpus / "cut.gguf").write_bytes(tiny[:-100])
    (corpus / "no_heads.gguf").write_bytes(
        tiny.replace(b"llama.attention.head_count", b"llama.attention.head_court"))


if __name__ == "__main__":
    main()
