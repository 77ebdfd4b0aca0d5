// Gemma 1: a scaled embedding, and GELU in place of SiLU. arXiv:2403.08295.
#include <cmath>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "gemma");
  const AttentionOptions attention{.rope = d.Rope()};
  d.Embed();
  d.Scale("embedding_scale", d.x(),
          std::sqrt(static_cast<double>(d.shape().embedding)));
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward(Activation::kGeluTanh);
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.AddOneToNorms(kDecoderNames);
}

}  // namespace

extern const Architecture kGemma = {
    .name = "gemma",
    .model_types = {"gemma"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
