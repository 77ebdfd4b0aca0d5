// Gemma 3: Gemma 2 with normed queries and keys in place of caps; five of six
// layers have a window and a rotary embedding of their own. arXiv:2503.19786.
#include <cmath>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// GGUF's files don't say it: the 27 B model, the one of 62 layers, divides by
// another length than that of its heads.
double DefaultScale(const DecoderShape& shape) {
  const uint64_t length =
      shape.layers == 62 ? shape.embedding / shape.heads : shape.head_length;
  return 1 / std::sqrt(static_cast<double>(length));
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "gemma3");
  const ModelKeys& keys = d.keys();
  AttentionOptions attention{
      .head_norm = HeadNorm::kEach,
      .scale = keys.Positive("attention.scale", DefaultScale(d.shape())),
      .soft_cap = keys.Number("attn_logit_softcapping", 0)};
  const RopeId rope = d.Rope();
  const RopeId local = d.PlainRope("rope.freq_base_swa");
  const std::vector<uint64_t> windows = d.Windows(6);
  d.SetLogits(1, keys.Number("final_logit_softcapping", 0));
  d.Embed();
  d.Scale("embedding_scale", d.x(),
          std::sqrt(static_cast<double>(d.shape().embedding)));
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    attention.rope = windows[layer] > 0 ? local : rope;
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
  f.SetDecoderKeys({.rope_theta = 1000000,
                    .head_length = 256,
                    .rope_layers = "full_attention"});
  f.AddNames(kDecoderNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"},
      {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
      {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"}};
  f.AddOneToNorms(kDecoderNames);
  f.AddOneToNorms(kOwn);
  f.AddOneToNorms(kHeadNormNames);
  f.SetNumber(
      "rope.freq_base_swa",
      f.Number(
          "rope_local_base_freq",
          f.RopeParameters("sliding_attention").value("rope_theta", 10000.0)));
  f.SetNumber("attention.scale",
              1 / std::sqrt(f.Number("query_pre_attn_scalar", 256)));
  for (const char* cap :
       {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (const auto value = f.FindNumber(cap)) f.SetNumber(cap, *value);
  }
  f.SetWindows(6, 4096);
}

}  // namespace

extern const Architecture kGemma3 = {
    .name = "gemma3",
    .model_types = {"gemma3_text", "gemma3"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
