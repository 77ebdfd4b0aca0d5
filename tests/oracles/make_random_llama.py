"""Writes a GGUF of random weights in the shape of a real model, to measure
speed with.

usage: make_random_llama.py OUT.gguf [--type TYPE] [--tokenizer MODEL.gguf]
                            [--layers N] [--8b]

The shape is Llama 3.2's of 1.24 billion weights (16 layers, embedding 2048, feed
forward 8192, 32 heads on 8 key heads of 64, tied head) with a vocabulary of
49,152; with --8b, Llama 3's of 8 billion (32 layers, 4096, 14336, 32 on 8 of 128,
a head of its own, a vocabulary of 128,256). TYPE is Q4_K_M
if left out, or Q4_0, Q6_K, Q8_0, F16, BF16: the types that llama.cpp gives it. Of
Q4_K_M that is Q4_K, but Q6_K for the head and, in the layers that use_more_bits
names, for the values and the feed-forward's way down; of Q4_0 the head is Q6_K. Every block
is random and valid: its scales are of a size that keeps activations finite, its
integers any. With
--tokenizer the keys of that model's tokenizer are copied, so that programs that
want text can run it; a smaller vocabulary is filled up with unused tokens.
"""

import argparse
import collections

import numpy as np
from gguf import (GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader,
                  GGUFValueType, GGUFWriter, TokenType)
from gguf.quants import quantize

Shape = collections.namedtuple(
    "Shape", "layers embedding feed_forward heads kv_heads head_length vocabulary tied")
SMALL = Shape(16, 2048, 8192, 32, 8, 64, 49152, True)
LARGE = Shape(32, 4096, 14336, 32, 8, 128, 128256, False)
SEED = 11
Types = collections.namedtuple("Types", "most more head")
Q = GGMLQuantizationType
TYPES = {
    "Q4_K_M": Types(Q.Q4_K, Q.Q6_K, Q.Q6_K),
    "Q4_0": Types(Q.Q4_0, Q.Q4_0, Q.Q6_K),
    "Q6_K": Types(Q.Q6_K, Q.Q6_K, Q.Q6_K),
    "Q8_0": Types(Q.Q8_0, Q.Q8_0, Q.Q8_0),
    "F16": Types(Q.F16, Q.F16, Q.F16),
    "BF16": Types(Q.BF16, Q.BF16, Q.BF16),
}


def halves(rng, count, scale):
    """COUNT float16 numbers near SCALE, as bytes in a column each."""
    numbers = (scale * rng.uniform(0.8, 1.2, count)).astype(np.float16)
    return numbers.view(np.uint8).reshape(count, 2)


def integers(rng, count, bits):
    """COUNT blocks of 32 integers of so many bits each, any."""
    return rng.integers(0, 256, (count, 4 * bits), dtype=np.uint8)


def random_blocks(rng, kind, rows, columns):
    """A matrix of standard deviation about 1 / sqrt(columns)."""
    deviation = columns ** -0.5
    if kind in (Q.F16, Q.BF16):
        numbers = rng.standard_normal((rows, columns), dtype=np.float32)
        return quantize(numbers * np.float32(deviation), kind)
    count = rows * columns // GGML_QUANT_SIZES[kind][0]
    if kind == Q.Q4_K:
        # d, dmin, 12 bytes of 6-bit scales and minima, 128 of 4-bit integers:
        # d * scale * q - dmin * min, where scale and min are about 32, q 7.5.
        step = deviation / 8.1 / 32
        parts = [halves(rng, count, step), halves(rng, count, step * 7.5),
                 rng.integers(0, 256, (count, 12 + 128), dtype=np.uint8)]
    elif kind == Q.Q6_K:
        # 192 bytes of 6-bit integers, 16 scales of 8 bits, d.
        scales = rng.integers(40, 90, (count, 16), dtype=np.uint8)
        step = deviation / 18.5 / 65
        parts = [rng.integers(0, 256, (count, 192), dtype=np.uint8), scales,
                 halves(rng, count, step)]
    elif kind == Q.Q4_0:
        parts = [halves(rng, count, deviation / 4.6), integers(rng, count, 4)]
    else:
        parts = [halves(rng, count, deviation / 74), integers(rng, count, 8)]
    return np.concatenate(parts, axis=1).reshape(rows, -1)


def use_more_bits(layer, layers):
    return (layer < layers // 8 or layer >= 7 * layers // 8
            or (layer - layers // 8) % 3 == 2)


def copy_tokenizer(writer, path, vocabulary):
    for name, field in GGUFReader(path).fields.items():
        if not name.startswith("tokenizer."):
            continue
        kind = field.types[0]
        if kind != GGUFValueType.ARRAY:
            writer.add_key_value(name, field.contents(), kind)
            continue
        values = list(field.contents())
        missing = vocabulary - len(values)
        if name.endswith(".tokens"):
            values += [f"<|unused_{i}|>" for i in range(missing)]
        elif name.endswith(".token_type"):
            values += [int(TokenType.UNUSED)] * missing
        writer.add_array(name, values)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--type", choices=TYPES, default="Q4_K_M")
    parser.add_argument("--tokenizer")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--8b", dest="large", action="store_true")
    options = parser.parse_args()
    shape = LARGE if options.large else SMALL
    layers = options.layers or shape.layers
    types = TYPES[options.type]
    rng = np.random.default_rng(SEED)
    writer = GGUFWriter(options.out, "llama", use_temp_file=True)
    writer.add_block_count(layers)
    writer.add_context_length(131072)
    writer.add_embedding_length(shape.embedding)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_length)
    writer.add_value_length(shape.head_length)
    writer.add_rope_dimension_count(shape.head_length)
    writer.add_rope_freq_base(500000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.vocabulary)
    if options.tokenizer:
        copy_tokenizer(writer, options.tokenizer, shape.vocabulary)

    def matrix(name, rows, columns, kind=types.most):
        writer.add_tensor(name + ".weight",
                          random_blocks(rng, kind, rows, columns),
                          raw_dtype=kind)

    def norm(name):
        writer.add_tensor(name + ".weight",
                          rng.normal(1, 0.1, shape.embedding).astype(np.float32))

    width, deep = shape.embedding, shape.feed_forward
    matrix("token_embd", shape.vocabulary, width,
           types.head if shape.tied else types.most)
    for layer in range(layers):
        block = f"blk.{layer}."
        more = types.more if use_more_bits(layer, layers) else types.most
        norm(block + "attn_norm")
        matrix(block + "attn_q", shape.heads * shape.head_length, width)
        matrix(block + "attn_k", shape.kv_heads * shape.head_length, width)
        matrix(block + "attn_v", shape.kv_heads * shape.head_length, width, more)
        matrix(block + "attn_output", width, shape.heads * shape.head_length)
        norm(block + "ffn_norm")
        matrix(block + "ffn_gate", deep, width)
        matrix(block + "ffn_up", deep, width)
        matrix(block + "ffn_down", width, deep, more)
    norm("output_norm")
    if not shape.tied:
        matrix("output", shape.vocabulary, width, types.head)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
