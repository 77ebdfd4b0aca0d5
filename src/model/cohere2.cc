// Command R7B and A (Cohere 2): attention and feed forward side by side behind
// one norm that centres; only layers with a window know positions.
#include <optional>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "cohere2", NormStep::Kind::kLayer);
  AttentionOptions attention{.pairs = RopePairs::kAdjacent};
  const RopeId rope = d.Rope();
  const std::vector<uint64_t> windows = d.Windows(4);
  const ValueId side = d.builder().Value("side", d.shape().embedding);
  d.SetLogits(d.keys().Positive("logit_scale"), 0);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
    attention.rope = windows[layer] > 0 ? std::optional(rope) : std::nullopt;
    d.Norm("attn_norm");
    d.Attention(attention, d.h(), side);
    d.FeedForward();
    d.Add(side);
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.SetNumber("attention.layer_norm_epsilon", f.Number("layer_norm_eps", 1e-5));
  f.SetNumber("logit_scale", f.Number("logit_scale", 0.0625));
  f.SetWindows(4, 4096);
}

}  // namespace

extern const Architecture kCohere2 = {
    .name = "cohere2",
    .model_types = {"cohere2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
