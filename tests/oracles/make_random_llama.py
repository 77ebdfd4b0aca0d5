"""Writes a GGUF of random weights in the shape of a real model, to measure
speed with.

usage: make_random_llama.py OUT.gguf [--tokenizer MODEL.gguf] [--layers N]

The shape is Llama 3.2's of 1.24 billion weights (16 layers, embedding 2048, feed
forward 8192, 32 heads on 8 key heads of 64, tied head) with a vocabulary of
49,152, and the types are those that llama.cpp's Q4_K_M gives it: Q4_K, but Q6_K
for the token embeddings and, in the layers that use_more_bits names, for the
values and the feed-forward's way down. Every block is random and valid: its
scales are of a size that keeps activations finite, its integers any. With
--tokenizer the keys of that model's tokenizer are copied, so that programs that
want text can run it; its vocabulary must have 49,152 tokens.
"""

import argparse

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

EMBEDDING, FEED_FORWARD, HEADS, KV_HEADS, HEAD_LENGTH = 2048, 8192, 32, 8, 64
VOCABULARY = 49152
SEED = 11
BLOCK = 256


def halves(rng, count, scale):
    """COUNT float16 numbers near SCALE, as bytes in a column each."""
    numbers = (scale * rng.uniform(0.8, 1.2, count)).astype(np.float16)
    return numbers.view(np.uint8).reshape(count, 2)


def random_blocks(rng, kind, rows, columns):
    """A matrix of standard deviation about 1 / sqrt(columns)."""
    count = rows * columns // BLOCK
    deviation = columns ** -0.5
    if kind == GGMLQuantizationType.Q4_K:
        # d, dmin, 12 bytes of 6-bit scales and minima, 128 of 4-bit integers:
        # d * scale * q - dmin * min, where scale and min are about 32, q 7.5.
        step = deviation / 8.1 / 32
        parts = [halves(rng, count, step), halves(rng, count, step * 7.5),
                 rng.integers(0, 256, (count, 12 + 128), dtype=np.uint8)]
    else:
        # 192 bytes of 6-bit integers, 16 scales of 8 bits, d.
        scales = rng.integers(40, 90, (count, 16), dtype=np.uint8)
        step = deviation / 18.5 / 65
        parts = [rng.integers(0, 256, (count, 192), dtype=np.uint8), scales,
                 halves(rng, count, step)]
    return np.concatenate(parts, axis=1).reshape(rows, -1)


def use_more_bits(layer, layers):
    return (layer < layers // 8 or layer >= 7 * layers // 8
            or (layer - layers // 8) % 3 == 2)


def copy_tokenizer(writer, path):
    for name, field in GGUFReader(path).fields.items():
        if not name.startswith("tokenizer."):
            continue
        kind = field.types[0]
        if kind == GGUFValueType.ARRAY:
            writer.add_array(name, field.contents())
        else:
            writer.add_key_value(name, field.contents(), kind)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--tokenizer")
    parser.add_argument("--layers", type=int, default=16)
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    writer = GGUFWriter(options.out, "llama", use_temp_file=True)
    writer.add_block_count(options.layers)
    writer.add_context_length(131072)
    writer.add_embedding_length(EMBEDDING)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_LENGTH)
    writer.add_value_length(HEAD_LENGTH)
    writer.add_rope_dimension_count(HEAD_LENGTH)
    writer.add_rope_freq_base(500000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    if options.tokenizer:
        copy_tokenizer(writer, options.tokenizer)

    def matrix(name, rows, columns, more_bits=False):
        kind = (GGMLQuantizationType.Q6_K if more_bits
                else GGMLQuantizationType.Q4_K)
        writer.add_tensor(name + ".weight",
                          random_blocks(rng, kind, rows, columns),
                          raw_dtype=kind)

    def norm(name):
        writer.add_tensor(name + ".weight",
                          rng.normal(1, 0.1, EMBEDDING).astype(np.float32))

    matrix("token_embd", VOCABULARY, EMBEDDING, True)
    for layer in range(options.layers):
        block = f"blk.{layer}."
        more = use_more_bits(layer, options.layers)
        norm(block + "attn_norm")
        matrix(block + "attn_q", HEADS * HEAD_LENGTH, EMBEDDING)
        matrix(block + "attn_k", KV_HEADS * HEAD_LENGTH, EMBEDDING)
        matrix(block + "attn_v", KV_HEADS * HEAD_LENGTH, EMBEDDING, more)
        matrix(block + "attn_output", EMBEDDING, HEADS * HEAD_LENGTH)
        norm(block + "ffn_norm")
        matrix(block + "ffn_gate", FEED_FORWARD, EMBEDDING)
        matrix(block + "ffn_up", FEED_FORWARD, EMBEDDING)
        matrix(block + "ffn_down", EMBEDDING, FEED_FORWARD, more)
    norm("output_norm")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
