// ERNIE 4.5: Llama whose rotary pairs are neighbours.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "ernie4_5");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = RopePairs::kAdjacent};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
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
  f.SetDecoderKeys({.epsilon = 1e-5, .rope_theta = 500000, .head_length = 128});
  f.AddNames(kDecoderNames);
}

}  // namespace

extern const Architecture kErnie45 = {
    .name = "ernie4_5",
    .model_types = {"ernie4_5"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
