// GLM 4.5 to 4.7, mixtures: the scores are sigmoids, experts are chosen by
// score plus bias. arXiv:2508.06471.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "glm4moe");
  const bool normed = file.FindTensor("blk.0.attn_q_norm.weight") != nullptr;
  const AttentionOptions attention{
      .rope = d.Rope(),
      .head_norm = normed ? HeadNorm::kEach : HeadNorm::kNone};
  const MixtureOptions mixture{.score = RouteStep::Score::kSigmoid,
                               .epsilon = 1e-20};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("post_attention_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.epsilon = 1e-5, .partial_rotary_factor = 0.5});
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"}};
  f.AddNames(kOwn);
  f.SetExpertKeys();
  f.AddMixture(
      {.bias = "gate.e_score_correction_bias", .shared = kSharedExpertsNames});
  f.SetCount("expert_gating_func", 2);
}

}  // namespace

extern const Architecture kGlm4Moe = {
    .name = "glm4moe",
    .model_types = {"glm4_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
