// ERNIE 4.5, mixtures: experts are chosen by score plus bias, the first layers
// have none.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "ernie4_5-moe");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = RopePairs::kAdjacent};
  const MixtureOptions mixture{};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.epsilon = 1e-5, .rope_theta = 500000});
  f.AddNames(kDecoderNames);
  f.SetExpertKeys();
  // llama.cpp loads no file without these.
  f.SetCount("interleave_moe_layer_step", f.Count("moe_layer_interval", 1));
  f.SetCount("expert_shared_feed_forward_length",
             f.Count("moe_intermediate_size", 0) *
                 f.Count("moe_num_shared_experts", 0));
  f.AddMixture({.shared = kSharedExpertsNames});
  const TensorPlace bias{.extra = ExtraDimension::kRow};
  f.AddPlaced({"model.layers.{}.mlp.moe_statics.e_score_correction_bias",
               "blk.{}.exp_probs_b.bias"},
              bias);
  f.AddPlacedAlias(
      {"model.layers.{}.mlp.gate.moe_statics.e_score_correction_bias",
       "blk.{}.exp_probs_b.bias"},
      bias);
}

}  // namespace

extern const Architecture kErnie45Moe = {
    .name = "ernie4_5-moe",
    .model_types = {"ernie4_5_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
