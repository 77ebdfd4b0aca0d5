// Gemma 2: norms before and behind the blocks, caps on scores and logits, a
// window in every other layer. arXiv:2408.00118.
#include <cmath>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// GGUF's files don't say it: the 27 B model, the one of 46 layers, divides by
// another length than that of its heads.
double DefaultScale(const DecoderShape& shape) {
  const uint64_t length =
      shape.layers == 46 ? shape.embedding / shape.heads : shape.head_length;
  return 1 / std::sqrt(static_cast<double>(length));
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "gemma2");
  const ModelKeys& keys = d.keys();
  AttentionOptions attention{
      .rope = d.Rope(),
      .scale = keys.Positive("attention.scale", DefaultScale(d.shape())),
      .soft_cap = keys.Positive("attn_logit_softcapping", 50.0)};
  const std::vector<uint64_t> windows = d.Windows(2);
  d.SetLogits(1, keys.Positive("final_logit_softcapping", 30.0));
  d.Embed();
  d.Scale("embedding_scale", d.x(),
          std::sqrt(static_cast<double>(d.shape().embedding)));
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    d.Norm("attn_norm");
    d.Attention(attention);
    d.PostNorm("post_attention_norm");
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward(Activation::kGeluTanh);
    d.PostNorm("post_ffw_norm");
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.head_length = 256});
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"},
      {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
      {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"}};
  f.AddOneToNorms(kDecoderNames);
  f.AddOneToNorms(kOwn);
  f.SetNumber("attention.scale",
              1 / std::sqrt(f.Number("query_pre_attn_scalar", 256)));
  f.SetNumber("attn_logit_softcapping", f.Number("attn_logit_softcapping", 50));
  f.SetNumber("final_logit_softcapping",
              f.Number("final_logit_softcapping", 30));
  f.SetWindows(2, 4096);
}

}  // namespace

extern const Architecture kGemma2 = {
    .name = "gemma2",
    .model_types = {"gemma2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
