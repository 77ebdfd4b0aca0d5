// SmolLM 3: Llama in which every fourth layer knows no positions.
#include <optional>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "smollm3");
  const std::vector<bool> rotates =
      d.keys().Flags("attention.rope_layers", d.shape().layers,
                     [](uint64_t layer) { return (layer + 1) % 4 != 0; });
  AttentionOptions attention{.pairs = d.ReorderedPairs()};
  const RopeId rope = d.Rope();
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.rope = rotates[layer] ? std::optional(rope) : std::nullopt;
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
  f.SetRopeLayers();
}

}  // namespace

extern const Architecture kSmolLm3 = {
    .name = "smollm3",
    .model_types = {"smollm3"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
