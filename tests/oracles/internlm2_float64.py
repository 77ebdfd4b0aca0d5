"""InternLM 2's forward pass in float64, which transformers has not.

Source: arXiv:2403.17297, section 2.1: Llama whose W_q, W_k and W_v are one
matrix, interleaved so that each group's queries stand before its key and its
value; names of tensors as the published folders have them. Pairs to rotate are
(i, i + half) there, (2i, 2i + 1) in llama_float64.
"""

import numpy as np

from llama_float64 import Llama

NAMES = {"attention.wo": "attn_output", "attention_norm": "attn_norm",
         "ffn_norm": "ffn_norm", "feed_forward.w1": "ffn_gate",
         "feed_forward.w3": "ffn_up", "feed_forward.w2": "ffn_down",
         "model.tok_embeddings": "token_embd", "model.norm": "output_norm",
         "output": "output"}


def shapes(config):
    """[name, shape] of each tensor of the folder."""
    width, hidden = config["hidden_size"], config["intermediate_size"]
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    fused = (heads + 2 * groups) * (width // heads)
    result = [["model.tok_embeddings.weight", [config["vocab_size"], width]],
              ["model.norm.weight", [width]],
              ["output.weight", [config["vocab_size"], width]]]
    for layer in range(config["num_hidden_layers"]):
        parts = [["attention.wqkv.weight", [fused, width]],
                 ["attention.wo.weight", [width, width]],
                 ["attention_norm.weight", [width]],
                 ["ffn_norm.weight", [width]],
                 ["feed_forward.w1.weight", [hidden, width]],
                 ["feed_forward.w3.weight", [hidden, width]],
                 ["feed_forward.w2.weight", [width, hidden]]]
        if config["bias"]:
            parts += [["attention.wqkv.bias", [fused]],
                      ["attention.wo.bias", [width]]]
        result += [[f"model.layers.{layer}.{name}", shape]
                   for name, shape in parts]
    return result


def split(fused, heads, groups, length):
    """Rows of queries, keys and values, pairs to rotate side by side."""
    per_group = heads // groups
    fused = fused.reshape(groups, per_group + 2, length, *fused.shape[1:])

    def adjacent(rows):
        halves = rows.reshape(-1, 2, length // 2, *rows.shape[3:])
        return np.swapaxes(halves, 1, 2).reshape(-1, *rows.shape[3:])

    value = fused[:, per_group + 1]
    return {"attn_q": adjacent(fused[:, :per_group]),
            "attn_k": adjacent(fused[:, per_group:per_group + 1]),
            "attn_v": value.reshape(-1, *value.shape[2:])}


def logits(config, tensors, ids):
    """TENSORS by name, as arrays."""
    heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
    weights = {}
    for name, value in tensors.items():
        value = value.astype(np.float64)
        stem, suffix = name.rsplit(".", 1)
        block = ""
        if stem.startswith("model.layers."):
            _, _, layer, stem = stem.split(".", 3)
            block = f"blk.{layer}."
        if stem == "attention.wqkv":
            parts = split(value, heads, groups, config["hidden_size"] // heads)
        else:
            parts = {NAMES[stem]: value}
        for part, rows in parts.items():
            weights[f"{block}{part}.{suffix}"] = rows
    keys = {"block_count": config["num_hidden_layers"],
            "embedding_length": config["hidden_size"],
            "attention.head_count": heads,
            "attention.head_count_kv": groups,
            "attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
            "rope.freq_base": config["rope_theta"]}
    return Llama(keys, weights).logits(ids)
