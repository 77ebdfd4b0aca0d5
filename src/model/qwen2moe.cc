// Qwen 1.5 and 2, mixtures: a shared expert with a weight of its own.
// arXiv:2407.10671.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "qwen2moe");
  const AttentionOptions attention{.rope = d.Rope()};
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
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.SetExpertKeys();
  f.AddMixture(
      {.shared = kSharedExpertNames, .shared_gate = "shared_expert_gate"});
}

}  // namespace

extern const Architecture kQwen2Moe = {
    .name = "qwen2moe",
    .model_types = {"qwen2_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
