// MiniMax M2: queries and keys normed whole, sigmoid scores with a bias of
// choice.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "minimax-m2");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kWhole};
  const MixtureOptions mixture{.score = RouteStep::Score::kSigmoid};
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
  const uint64_t length = f.Count("head_dim", 128);
  f.SetDecoderKeys({.partial_rotary_factor =
                        static_cast<double>(f.Count("rotary_dim", length)) /
                        static_cast<double>(length),
                    .head_length = length});
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.SetExpertKeys();
  f.SetCount("expert_gating_func", 2);
  f.AddMixture({.prefix = "model.layers.{}.block_sparse_moe.",
                .bias = "e_score_correction_bias",
                .experts = kNumberedExpertNames});
}

}  // namespace

extern const Architecture kMiniMaxM2 = {
    .name = "minimax-m2",
    .model_types = {"minimax_m2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
