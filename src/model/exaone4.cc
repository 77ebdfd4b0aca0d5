// EXAONE 4: norms behind the blocks, normed queries and keys; where some layers
// have a window, only those know positions. arXiv:2507.11407.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "exaone4");
  AttentionOptions attention{.head_norm = HeadNorm::kEach};
  const RopeId rope = d.Rope();
  const std::vector<uint64_t> windows = d.Windows(4);
  const bool mixed =
      std::ranges::any_of(windows, [](uint64_t w) { return w > 0; });
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    attention.rope =
        mixed && windows[layer] == 0 ? std::nullopt : std::optional(rope);
    d.Attention(attention, d.x());
    d.PostNorm("post_attention_norm");
    d.Add();
    d.FeedForward(Activation::kSilu, d.x());
    d.PostNorm("post_ffw_norm");
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.AddNames(kPostNormNames);
  const auto& pattern = f.Field("sliding_window_pattern");
  if (!pattern.is_string() || f.LayersOfType("")) {
    f.SetWindows(4);
    return;
  }
  // "LLLG": L for a window, G for none; the last layer has none.
  const std::string letters = pattern.get<std::string>();
  const uint64_t layers = f.Count("num_hidden_layers");
  std::vector<bool> slides;
  for (uint64_t i = 0; i < layers && !letters.empty(); ++i) {
    slides.push_back(letters[i % letters.size()] == 'L' && i + 1 < layers);
  }
  f.SetCount("attention.sliding_window", f.Count("sliding_window"));
  f.SetFlags("attention.sliding_window_pattern", slides);
}

}  // namespace

extern const Architecture kExaone4 = {
    .name = "exaone4",
    .model_types = {"exaone4"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
