// dots.llm1: Qwen 3's attention with DeepSeek 3's mixture: experts are chosen
// by sigmoid score plus bias, the first layers have none. arXiv:2506.05767.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "dots1");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kEach};
  const MixtureOptions mixture{.score = RouteStep::Score::kSigmoid,
                               .normalise = false,
                               .epsilon = 1e-20};
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
  if (!f.Field("sliding_window").is_null() &&
      f.Count("max_window_layers", 62) < f.Count("num_hidden_layers")) {
    f.ThrowUnsupported("max_window_layers: dots.llm1's layers with a window");
  }
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.SetExpertKeys();
  f.AddMixture(
      {.bias = "gate.e_score_correction_bias", .shared = kSharedExpertsNames});
  f.SetCount("expert_gating_func", 2);
}

}  // namespace

extern const Architecture kDots1 = {
    .name = "dots1",
    .model_types = {"dots1"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
