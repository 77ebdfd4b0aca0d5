// Hunyuan, dense: Llama with queries and keys normed behind the rotation.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "hunyuan-dense");
  const AttentionOptions attention{
      .rope = d.Rope(), .head_norm = HeadNorm::kEach, .norm_behind_rope = true};
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
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.self_attn.query_layernorm", "blk.{}.attn_q_norm"},
      {"model.layers.{}.self_attn.key_layernorm", "blk.{}.attn_k_norm"}};
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kHunyuanDense = {
    .name = "hunyuan-dense",
    .model_types = {"hunyuan_v1_dense"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
