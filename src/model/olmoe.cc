// OLMoE: queries and keys normed whole, a mixture in every layer.
// arXiv:2409.02060.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "olmoe");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kWhole};
  const MixtureOptions mixture{.normalise = false};
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
  if (!f.Field("clip_qkv").is_null()) {
    f.ThrowUnsupported("clip_qkv: OLMoE's queries, keys and values clipped");
  }
  f.SetDecoderKeys({.epsilon = 1e-5});
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.SetExpertKeys();
  f.AddMixture({});
}

}  // namespace

extern const Architecture kOlmoe = {
    .name = "olmoe",
    .model_types = {"olmoe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
