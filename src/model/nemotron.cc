// Nemotron: norms that centre, half of a head turns, and a squared ReLU without
// a gate. arXiv:2402.16819, arXiv:2407.14679.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "nemotron", NormStep::Kind::kLayer);
  const AttentionOptions attention{.rope = d.Rope()};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.UngatedFeedForward(Activation::kReluSquared, {});
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys({.partial_rotary_factor = 0.5});
  f.SetNumber("attention.layer_norm_epsilon", f.Number("norm_eps", 1e-5));
  f.AddNames(kDecoderNames);
  f.AddOneToNorms(kDecoderNames);
}

}  // namespace

extern const Architecture kNemotron = {
    .name = "nemotron",
    .model_types = {"nemotron"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
