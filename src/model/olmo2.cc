// OLMo 2 and 3: norms behind the blocks instead of before them, queries and
// keys normed whole. Of OLMo 3 most layers have a window, and no scaling of
// their rotary embedding. arXiv:2501.00656.
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "olmo2");
  AttentionOptions attention{.head_norm = HeadNorm::kWhole};
  const RopeId rope = d.Rope();
  const RopeId window_rope = d.PlainRope("rope.freq_base");
  const std::vector<uint64_t> windows = d.Windows(4);
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
