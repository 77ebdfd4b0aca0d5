// Seed-OSS: Llama with biases.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "seed_oss");
  const AttentionOptions attention{.rope = d.Rope()};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("post_attention_norm");
    d.FeedForward();
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.head_length = 128});
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"}};
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kSeedOss = {
    .name = "seed_oss",
    .model_types = {"seed_oss"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
