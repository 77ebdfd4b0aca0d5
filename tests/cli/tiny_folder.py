"""A tiny model as a Hugging Face folder."""
import json
import random
import struct

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
         "use_regex": False}
SPECIALS = ["<unk>", "<s>", "</s>", "<|end|>"]
VOCABULARY = 48
TEMPLATE = ("{{ bos_token }}{% for m in messages %}{{ m.role }} {{ m.content }}<|end|>"
            "{% endfor %}{% if add_generation_prompt %}assistant {% endif %}")


def tokenizer():
    vocab = {text: i for i, text in enumerate(SPECIALS + [chr(c) for c in range(97, 123)])}
    vocab["\u0120"] = len(vocab)
    return {"version": "1.0", "normalizer": {"type": "NFC"},
            "added_tokens": [{"id": i, "content": text, "single_word": False, "lstrip": False,
                              "rstrip": False, "normalized": False, "special": True}
                             for i, text in enumerate(SPECIALS)],
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated",
                 "invert": False}, BYTES]},
            "post_processor": BYTES, "decoder": BYTES,
            "model": {"type": "BPE", "vocab": vocab, "merges": []}}


def tensors(layers, wide):
    yield "model.embed_tokens.weight", [VOCABULARY, 32]
    for i in range(layers):
        for name, shape in (("input_layernorm", [32]), ("self_attn.q_proj", [32, 32]),
                            ("self_attn.k_proj", [16, 32]), ("self_attn.v_proj", [16, 32]),
                            ("self_attn.o_proj", [32, 32]), ("post_attention_layernorm", [32]),
                            ("mlp.gate_proj", [wide, 32]), ("mlp.up_proj", [wide, 32]),
                            ("mlp.down_proj", [32, wide])):
            yield f"model.layers.{i}.{name}.weight", shape
    yield "model.norm.weight", [32]


def make_folder(folder, layers=1, wide=64):
    """Makes FOLDER that of a Llama with random weights."""
    folder.mkdir()
    rng = random.Random(3)
    header, data = {}, bytearray()
    for tensor, shape in tensors(layers, wide):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        begin = len(data)
        values = [rng.gauss(0, 0.3) for _ in range(min(count, 1024))]
        part = struct.pack(f"<{len(values)}f", *values)
        data += (part * -(-count // len(values)))[:4 * count]
        header[tensor] = {"dtype": "F32", "shape": shape,
                          "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    for file, value in (
            ("config.json", {
                "model_type": "llama", "vocab_size": VOCABULARY, "hidden_size": 32,
                "intermediate_size": wide, "num_hidden_layers": layers,
                "num_attention_heads": 4, "num_key_value_heads": 2,
                "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2}),
            ("generation_config.json", {"eos_token_id": [2, 3], "temperature": 0.6}),
            ("tokenizer_config.json", {"bos_token": "<s>", "eos_token": "</s>",
                                       "chat_template": TEMPLATE}),
            ("tokenizer.json", tokenizer())):
        (folder / file).write_text(json.dumps(value))
