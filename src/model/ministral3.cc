// Ministral 3: Llama with YaRN, whose queries are sharper far into the text.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "mistral3");
  const ModelKeys& keys = d.keys();
  const AttentionOptions attention{
      .rope = d.Rope(),
      .pairs = d.ReorderedPairs(),
      .sharpen_rate = keys.Number("attention.temperature_scale", 0.0),
      .sharpen_length = static_cast<double>(keys.Count(
          "rope.scaling.original_context_length", d.shape().context))};
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
  f.SetDecoderKeys({.log_multiplier = 1});
  f.AddNames(kDecoderNames);
  f.SetNumber("attention.temperature_scale",
              f.RopeParameters().value("llama_4_scaling_beta", 0.0));
}

}  // namespace

extern const Architecture kMinistral3 = {
    .name = "mistral3",
    .model_types = {"ministral3"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
