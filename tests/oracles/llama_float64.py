"""The forward pass of a Llama in float64, of a GGUF's dequantised weights or
others.

The expected values of the logits tests are made with it. Nothing here is fast:
a text is evaluated whole, with the full matrix of attention scores.

Sources: Llama (arXiv:2302.13971), RMSNorm (arXiv:1910.07467), SwiGLU
(arXiv:2002.05202), rotary embedding (arXiv:2104.09864), grouped queries
(arXiv:2305.13245), position interpolation (arXiv:2306.15595), YaRN
(arXiv:2309.00071). GGUF stores the query and key matrices of this line with
their rows permuted so that a pair to rotate is (2i, 2i + 1). Dequantisation is
that of the `gguf` package, in float32, exact in float64.

    python3 llama_float64.py MODEL.gguf IDS.json OUT.npy
"""

import json
import math
import sys

import numpy as np


class GgufWeights:
    """Tensors by name as float64, dequantised when first asked for."""

    def __init__(self, reader):
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}

    def __contains__(self, name):
        return name in self._tensors

    def __getitem__(self, name):
        from gguf.quants import dequantize
        tensor = self._tensors[name]
        return dequantize(tensor.data, tensor.tensor_type).astype(np.float64)


def rope_frequencies(keys, rotated, factors):
    """Radians per position of each pair, and what the rotated numbers are
    multiplied by."""
    base = keys("rope.freq_base", 10000.0)
    pairs = np.arange(rotated // 2)
    frequency = base ** (-2.0 * pairs / rotated)
    if factors is not None:
        frequency = frequency / factors
    scaling = keys("rope.scaling.type", "linear")
    if scaling == "none":
        return frequency, 1.0
    factor = keys("rope.scaling.factor", keys("rope.scale_linear", 1.0))
    magnitude = keys("rope.scaling.attn_factor", 1.0)
    interpolated = frequency / factor
    if scaling == "linear":
        return interpolated, magnitude
    assert scaling == "yarn", scaling

    original = keys("rope.scaling.original_context_length",
                    keys("context_length"))

    def pair_that_turns(rotations):
        """Solves original * base^(-2 i / rotated) = 2 pi rotations for i."""
        return (rotated * math.log(original / (rotations * 2 * math.pi))
                / (2 * math.log(base)))

    fast = keys("rope.scaling.yarn_beta_fast", 32.0)
    slow = keys("rope.scaling.yarn_beta_slow", 1.0)
    low = max(math.floor(pair_that_turns(fast)), 0)
    high = min(math.ceil(pair_that_turns(slow)), rotated - 1)
    ramp = np.clip((pairs - low) / max(high - low, 0.001), 0, 1)
    if factor > 1:
        magnitude *= 1 + 0.1 * math.log(factor)
    return frequency * (1 - ramp) + interpolated * ramp, magnitude


class Llama:
    """One model; logits(ids) gives [len(ids), vocabulary]. KEYS are GGUF's,
    without the architecture, WEIGHTS what its tensors' names stand for."""

    def __init__(self, keys, weights):
        self._keys = keys
        self._weights = weights
        self._layers = self._key("block_count")
        self._embedding = self._key("embedding_length")
        self._heads = self._key("attention.head_count")
        self._kv_heads = self._key("attention.head_count_kv", self._heads)
        self._head_length = self._key("attention.key_length",
                                      self._embedding // self._heads)
        self._epsilon = self._key("attention.layer_norm_rms_epsilon")
        self._rotated = self._key("rope.dimension_count", self._head_length)
        factors = (self._weights["rope_freqs.weight"]
                   if "rope_freqs.weight" in self._weights else None)
        self._frequencies, self._magnitude = rope_frequencies(
            self._key, self._rotated, factors)

    @classmethod
    def of_file(cls, path):
        from gguf import GGUFReader
        reader = GGUFReader(path)
        keys = {name.removeprefix("llama."): field.contents()
                for name, field in reader.fields.items()
                if name.startswith("llama.")}
        return cls(keys, GgufWeights(reader))

    def _key(self, name, *default):
        if name not in self._keys and default:
            return default[0]
        return self._keys[name]

    def _linear(self, x, name):
        """x @ W^T + b, where NAME.bias is optional."""
        y = x @ self._weights[name + ".weight"].T
        bias = name + ".bias"
        return y + self._weights[bias] if bias in self._weights else y

    def _norm(self, x, name):
        mean = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(mean + self._epsilon) * self._weights[name]

    def _rope(self, x):
        """x is [positions, heads, head_length]."""
        angles = np.outer(np.arange(len(x)), self._frequencies)[:, None, :]
        cos = np.cos(angles) * self._magnitude
        sin = np.sin(angles) * self._magnitude
        out = x.copy()
        even, odd = x[..., 0:self._rotated:2], x[..., 1:self._rotated:2]
        out[..., 0:self._rotated:2] = even * cos - odd * sin
        out[..., 1:self._rotated:2] = even * sin + odd * cos
        return out

    def _attention(self, x, block):
        n = len(x)

        def heads(name, count):
            return self._linear(x, block + name).reshape(
                n, count, self._head_length)

        query = self._rope(heads("attn_q", self._heads))
        key = self._rope(heads("attn_k", self._kv_heads))
        value = heads("attn_v", self._kv_heads)
        out = np.empty_like(query)
        allowed = np.tril(np.ones((n, n), dtype=bool))
        for h in range(self._heads):
            g = h // (self._heads // self._kv_heads)
            scores = query[:, h] @ key[:, g].T / math.sqrt(self._head_length)
            scores = np.where(allowed, scores, -np.inf)
            scores -= scores.max(axis=-1, keepdims=True)
            scores = np.exp(scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            out[:, h] = scores @ value[:, g]
        return self._linear(out.reshape(n, -1), block + "attn_output")

    def _feed_forward(self, x, block):
        gate = self._linear(x, block + "ffn_gate")
        up = self._linear(x, block + "ffn_up")
        return self._linear(gate / (1 + np.exp(-gate)) * up,
                                    block + "ffn_down")

    def logits(self, ids):
        x = self._weights["token_embd.weight"][np.asarray(ids)]
        for i in range(self._layers):
            block = f"blk.{i}."
            x = x + self._attention(self._norm(x, block + "attn_norm.weight"),
                                    block)
            x = x + self._feed_forward(
                self._norm(x, block + "ffn_norm.weight"), block)
        x = self._norm(x, "output_norm.weight")
        head = "output" if "output.weight" in self._weights else "token_embd"
        return x @ self._weights[head + ".weight"].T


def main(model, ids, out):
    with open(ids, encoding="utf-8") as file:
        np.save(out, Llama.of_file(model).logits(json.load(file)))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
