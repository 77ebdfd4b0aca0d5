// gpt-oss: sinks, a window in every other layer, biases everywhere, experts in
// MXFP4 with a clamped activation. arXiv:2508.10925.
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// Of every two rows of the fused matrix the first is a gate's.
void ReadExperts(FolderReader& f) {
  const std::string down = "model.layers.{}.mlp.experts.down_proj";
  const std::string fused = "model.layers.{}.mlp.experts.gate_up_proj";
  // Unpacked, matrices are [experts, in, out].
  f.AddMxfp4({down, "blk.{}.ffn_down_exps.weight"});
  f.AddPlaced({down, "blk.{}.ffn_down_exps.weight"}, {.transposed = true});
  // Gates and ups by turns.
  const uint64_t width = f.Count("intermediate_size");
  uint64_t first = 0;
  for (const std::string name : {"gate", "up"}) {
    const std::vector<AxisRange> own = {{first++, width, 2}};
    const std::string gguf = "blk.{}.ffn_" + name + "_exps";
    f.AddMxfp4({fused, gguf + ".weight"}, {.rows = own});
    f.AddPlaced({fused, gguf + ".weight"},
                {.columns = own, .transposed = true});
    f.AddPlaced({fused + "_bias", gguf + ".bias"}, {.columns = own});
  }
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "gpt-oss");
  AttentionOptions attention{.rope = d.Rope(), .sinks = true};
  const std::vector<uint64_t> windows = d.Windows(2);
  const MixtureOptions mixture{.score = RouteStep::Score::kSoftmaxOfChosen,
                               .normalise = false,
                               .activation = Activation::kClampedSwiGlu,
                               .parameters = {.limit = 7, .alpha = 1.702f}};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("post_attention_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.epsilon = 1e-5, .rope_theta = 150000, .head_length = 64});
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"},
      {"model.layers.{}.self_attn.sinks", "blk.{}.attn_sinks.weight"},
      {"model.layers.{}.mlp.router", "blk.{}.ffn_gate_inp"},
      {"model.layers.{}.mlp.experts.down_proj_bias",
       "blk.{}.ffn_down_exps.bias"}};
  f.AddNames(kOwn);
  f.SetExpertKeys();
  f.SetWindows(2, 128);
  ReadExperts(f);
}

}  // namespace

extern const Architecture kGptOss = {
    .name = "gpt-oss",
    .model_types = {"gpt_oss"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
