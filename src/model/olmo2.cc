// OLMo 2 and 3: norms behind the blocks instead of before them, queries and
// keys normed whole. Of OLMo 3 most layers have a window, and no scaling of
// their rotary embedding. arXiv:2501.00656.
#include <algorithm>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "olmo2");
  AttentionOptions attention{.head_norm = HeadNorm::kWhole};
  const std::vector<uint64_t> windows = d.Windows(4);
  const RopeId rope = d.Rope();
  RopeId window_rope = rope;
  if (std::ranges::any_of(windows, [](uint64_t w) { return w > 0; })) {
    const bool own = d.keys().Number("rope.freq_base_swa", 0) > 0;
    window_rope = d.PlainRope(own ? "rope.freq_base_swa" : "rope.freq_base");
  }
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    attention.rope = windows[layer] == 0 ? rope : window_rope;
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
  f.SetDecoderKeys({.rope_layers = "full_attention"});
  f.SetWindows(4);
  const auto& parameters = f.Field("rope_parameters");
  if (parameters.is_object() && parameters.contains("sliding_attention")) {
    f.SetNumber(
        "rope.freq_base_swa",
        f.RopeParameters("sliding_attention").value("rope_theta", 500000.0));
  }
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.AddNames(kPostNormNames);
}

}  // namespace

extern const Architecture kOlmo2 = {
    .name = "olmo2",
    .model_types = {"olmo2", "olmo3"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
