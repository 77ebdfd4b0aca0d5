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
      {"model.layers.{}.self_attn.key_layernorm", "blk.{}.attn_k_norm"}};
  f.AddNames(kOwn);
  f.SetExpertKeys(1);
  f.AddMixture({.router = "gate.wg", .shared = kSharedMlpNames});
}

}  // namespace

extern const Architecture kHunyuanMoe = {
    .name = "hunyuan-moe",
    .model_types = {"hunyuan_v1_moe"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
