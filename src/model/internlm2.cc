// InternLM 2: Llama whose queries, keys and values are one matrix, group by
// group. arXiv:2403.17297.
#include <string_view>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "internlm2");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = d.ReorderedPairs()};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward();
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  static constexpr TensorName kNames[] = {
      {"model.tok_embeddings", "token_embd"},
      {"model.layers.{}.attention_norm", "blk.{}.attn_norm"},
      {"model.layers.{}.attention.wo", "blk.{}.attn_output"},
      {"model.layers.{}.ffn_norm", "blk.{}.ffn_norm"},
      {"model.layers.{}.feed_forward.w1", "blk.{}.ffn_gate"},
      {"model.layers.{}.feed_forward.w3", "blk.{}.ffn_up"},
      {"model.layers.{}.feed_forward.w2", "blk.{}.ffn_down"},
      {"model.norm", "output_norm"},
      {"output", "output"}};
  f.AddNames(kNames);
  // Of each group its queries, its key, its value.
  const uint64_t heads = f.Count("num_attention_heads");
  const uint64_t groups = f.Count("num_key_value_heads", heads);
  const uint64_t length = f.Count("head_dim", f.Count("hidden_size") / heads);
  const uint64_t queries = heads / groups * length;
  std::vector<AxisRange> q, k, v;
  for (uint64_t group = 0; group < groups; ++group) {
    const uint64_t begin = group * (queries + 2 * length);
    q.push_back({begin, queries});
    k.push_back({begin + queries, length});
    v.push_back({begin + queries + length, length});
  }
  constexpr std::string_view kFused = "model.layers.{}.attention.wqkv";
  f.AddPlaced({kFused, "blk.{}.attn_q"}, {.rows = q});
  f.AddPlaced({kFused, "blk.{}.attn_k"}, {.rows = k});
  f.AddPlaced({kFused, "blk.{}.attn_v"}, {.rows = v});
}

}  // namespace

extern const Architecture kInternLm2 = {
    .name = "internlm2",
    .model_types = {"internlm2"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
