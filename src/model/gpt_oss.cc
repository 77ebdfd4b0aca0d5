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
  const std::string experts = "model.layers.{}.mlp.experts.";
  f.AddMxfp4({experts + "down_proj", "blk.{}.ffn_down_exps.weight"}, 0, 1);
  // Unpacked, matrices are [experts, in, out].
  f.AddGathered(
      {"model.layers.{}.mlp.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
      [](const std::vector<uint64_t>& shape) {
        const uint64_t out = shape[0];
        const uint64_t in = shape[1];
        return TensorStrides{.shape = {in, out, shape[2]},
                             .column = out,
                             .row = 1,
                             .matrix = in * out};
      });
  uint64_t first = 0;
  for (const std::string name : {"gate", "up"}) {
    f.AddMxfp4(
        {experts + "gate_up_proj", "blk.{}.ffn_" + name + "_exps.weight"},
        first, 2);
    f.AddGathered(
        {experts + "gate_up_proj", "blk.{}.ffn_" + name + "_exps.weight"},
        [first](const std::vector<uint64_t>& shape) {
          const uint64_t out = shape[0];
          const uint64_t in = shape[1];
          return TensorStrides{.shape = {in, out / 2, shape[2]},
                               .begin = first,
                               .column = out,
                               .row = 2,
                               .matrix = in * out};
        });
    f.AddGathered(
        {experts + "gate_up_proj_bias", "blk.{}.ffn_" + name + "_exps.bias"},
        [first](const std::vector<uint64_t>& shape) {
          return TensorStrides{.shape = {shape[0] / 2, shape[1]},
                               .begin = first,
                               .column = 2,
                               .row = shape[0]};
        });
    ++first;
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
