// Granite 3, mixtures: with Granite's multipliers.
#include <tuple>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "granitemoe");
  const ModelKeys& keys = d.keys();
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = d.ReorderedPairs(),
                                   .scale = keys.Number("attention.scale", 0)};
  const double residual = keys.Positive("residual_scale", 1.0);
  const MixtureOptions mixture{.score = RouteStep::Score::kSoftmaxOfChosen,
                               .normalise = false};
  d.SetLogits(1 / keys.Positive("logit_scale", 1.0), 0);
  d.Embed();
  d.Scale("embedding_scale", d.x(), keys.Positive("embedding_scale", 1.0));
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Scale("attn_scale", d.h(), residual);
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward(mixture, residual);
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.SetGraniteKeys();
  f.SetExpertKeys();
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.block_sparse_moe.router.layer", "blk.{}.ffn_gate_inp"},
      {"model.layers.{}.block_sparse_moe.output_linear",
       "blk.{}.ffn_down_exps"},
      {"model.layers.{}.shared_mlp.output_linear", "blk.{}.ffn_down_shexp"}};
  f.AddNames(kOwn);
  static constexpr TensorName kSaved[] = {
      {"model.layers.{}.block_sparse_moe.router", "blk.{}.ffn_gate_inp"}};
  f.AddAliases(kSaved);
  // Gates stand above what they gate.
  const uint64_t width = f.Count("intermediate_size");
  const uint64_t shared = f.Count("shared_intermediate_size", 0);
  if (shared > 0) f.SetCount("expert_shared_feed_forward_length", shared);
  f.AddStackedExperts("model.layers.{}.block_sparse_moe.experts.", width);
  for (const auto& [folder, gate, up, rows] :
       {std::tuple("model.layers.{}.block_sparse_moe.input_linear",
                   "blk.{}.ffn_gate_exps", "blk.{}.ffn_up_exps", width),
        std::tuple("model.layers.{}.shared_mlp.input_linear",
                   "blk.{}.ffn_gate_shexp", "blk.{}.ffn_up_shexp", shared)}) {
    f.AddPlaced({folder, gate}, {.rows = {{0, rows}}});
    f.AddPlaced({folder, up}, {.rows = {{rows, rows}}});
  }
}

}  // namespace

extern const Architecture kGraniteMoe = {
    .name = "granitemoe",
    .model_types = {"granitemoe", "granitemoeshared"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
