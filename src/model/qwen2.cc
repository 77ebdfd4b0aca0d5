// Qwen 1.5 to 2.5: Llama with biases of queries, keys and values.
// arXiv:2407.10671.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "qwen2");
  AttentionOptions attention{.rope = d.Rope()};
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
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.SetUpperWindows();
}

}  // namespace

extern const Architecture kQwen2 = {
    .name = "qwen2",
    .model_types = {"qwen2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
