// StableLM 2 and 3B: norms that centre, a quarter of a head turns; of the
// larger ones attention and feed forward stand side by side behind one norm,
// and each head norms its queries and keys with weights of its own.
// arXiv:2402.17834.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "stablelm", NormStep::Kind::kLayer);
  const bool normed = file.FindTensor("blk.0.attn_q_norm.weight") != nullptr;
  const bool parallel = file.FindTensor("blk.0.ffn_norm.weight") == nullptr;
  const AttentionOptions attention{
      .rope = d.Rope(), .head_norm = normed ? HeadNorm::kOwn : HeadNorm::kNone};
  const ValueId side = d.builder().Value("side", d.shape().embedding);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention, d.h(), side);
    if (parallel) {
      d.FeedForward();
      d.Add(side);
    } else {
      d.Add(side);
      d.Norm("ffn_norm");
      d.FeedForward();
    }
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.partial_rotary_factor = 0.25});
  f.SetNumber("attention.layer_norm_epsilon", f.Number("layer_norm_eps", 1e-5));
  f.SetFlag("use_parallel_residual", f.Flag("use_parallel_residual", false));
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.self_attn.q_layernorm.norms.{}", "blk.{}.attn_q_norm"},
      {"model.layers.{}.self_attn.k_layernorm.norms.{}", "blk.{}.attn_k_norm"}};
  f.AddNames(kOwn);
}

}  // namespace

extern const Architecture kStableLm = {
    .name = "stablelm",
    .model_types = {"stablelm"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
