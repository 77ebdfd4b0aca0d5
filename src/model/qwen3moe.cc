// Qwen 3, mixtures. arXiv:2505.09388.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "qwen3moe");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kEach};
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
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.SetExpertKeys();
  f.AddMixture({});
}

}  // namespace

extern const Architecture kQwen3Moe = {
    .name = "qwen3moe",
    .model_types = {"qwen3_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
