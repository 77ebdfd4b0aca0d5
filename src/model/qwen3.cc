// Qwen 3: Llama with normed queries and keys. arXiv:2505.09388.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "qwen3");
  AttentionOptions attention{.rope = d.Rope(), .head_norm = HeadNorm::kEach};
  const std::vector<uint64_t> windows = d.Windows(0);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward();
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.head_length = 128});
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.SetUpperWindows();
}

}  // namespace

extern const Architecture kQwen3 = {
    .name = "qwen3",
    .model_types = {"qwen3"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
