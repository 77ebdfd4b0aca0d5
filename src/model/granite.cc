// Granite 3: Llama with four multipliers.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "granite");
  const ModelKeys& keys = d.keys();
  const AttentionOptions attention{
      .rope = d.Rope(),
      .pairs = d.ReorderedPairs(),
      .scale = keys.Positive("attention.scale", 0.0)};
  const double residual = keys.Positive("residual_scale", 1.0);
  d.SetLogits(1 / keys.Positive("logit_scale", 1.0), 0);
  d.Embed();
  d.Scale("embedding_scale", d.x(), keys.Positive("embedding_scale", 1.0));
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Scale("attn_scale", d.h(), residual);
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward();
    d.Scale("ffn_scale", d.h(), residual);
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.SetGraniteKeys();
}

}  // namespace

extern const Architecture kGranite = {
    .name = "granite",
    .model_types = {"granite"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
