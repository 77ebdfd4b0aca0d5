// The Llama line (Llama 1 to 3.3, TinyLlama, SmolLM 1 and 2, Yi, Mistral and
// Mixtral): what others are described by: norms before the blocks, a rotary
// embedding, a gated feed forward; with a window, mixtures or neither.
// arXiv:2302.13971, arXiv:2310.06825, arXiv:2401.04088.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "llama");
  AttentionOptions attention{.rope = d.Rope(), .pairs = d.ReorderedPairs()};
  const std::vector<uint64_t> windows = d.Windows(0);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward({});
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  if (f.Text("model_type", "") != "llama") f.SetWindows(0);
  if (f.Field("num_local_experts").is_null()) return;
  f.SetExpertKeys();
  f.AddMixture({.prefix = "model.layers.{}.block_sparse_moe.",
                .experts = kNumberedExpertNames});
}

}  // namespace

extern const Architecture kLlama = {
    .name = "llama",
    .model_types = {"llama", "mistral", "ministral", "mixtral"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
