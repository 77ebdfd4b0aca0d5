// Phi 3 and 4: Llama with fused matrices and LongRoPE. arXiv:2404.14219.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "phi3");
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
  f.SetWindows(0);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv"},
      {"model.layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"}};
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kPhi3 = {
    .name = "phi3",
    .model_types = {"phi3"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
