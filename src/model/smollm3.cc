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
  const uint64_t interval = f.Count("no_rope_layer_interval", 4);
  const auto& given = f.Field("no_rope_layers");
  std::vector<bool> rotates;
  for (uint64_t i = 0; i < f.Count("num_hidden_layers"); ++i) {
    rotates.push_back(i < given.size() ? given[i] == 1
                                       : (i + 1) % interval != 0);
  }
  f.SetFlags("attention.rope_layers", rotates);
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
