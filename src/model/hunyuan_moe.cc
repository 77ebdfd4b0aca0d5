// Hunyuan, mixtures: with a shared expert.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "hunyuan-moe");
  const AttentionOptions attention{
      .rope = d.Rope(), .head_norm = HeadNorm::kEach, .norm_behind_rope = true};
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
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.self_attn.query_layernorm", "blk.{}.attn_q_norm"},
      {"model.layers.{}.self_attn.key_layernorm", "blk.{}.attn_k_norm"},
      {"model.layers.{}.mlp.gate.wg", "blk.{}.ffn_gate_inp"},
      {"model.layers.{}.mlp.shared_mlp.gate_proj", "blk.{}.ffn_gate_shexp"},
      {"model.layers.{}.mlp.shared_mlp.up_proj", "blk.{}.ffn_up_shexp"},
      {"model.layers.{}.mlp.shared_mlp.down_proj", "blk.{}.ffn_down_shexp"}};
  f.SetExpertKeys(1);
  f.AddExpertNames("model.layers.{}.mlp");
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kHunyuanMoe = {
    .name = "hunyuan-moe",
    .model_types = {"hunyuan_v1_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
