// GLM 4: norms before and behind the blocks; the pairs of half a head, which
// are neighbours, are rotated.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "glm4");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = RopePairs::kAdjacent};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.PostNorm("post_attention_norm");
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward();
    d.PostNorm("post_ffw_norm");
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.partial_rotary_factor = 0.5});
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_self_attn_layernorm",
       "blk.{}.post_attention_norm"},
      {"model.layers.{}.post_mlp_layernorm", "blk.{}.post_ffw_norm"},
      {"model.layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"}};
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kGlm4 = {
    .name = "glm4",
    .model_types = {"glm4"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
