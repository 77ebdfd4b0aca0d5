// OLMo 2: norms behind the blocks instead of before them, queries and keys
// normed whole. arXiv:2501.00656.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "olmo2");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kWhole};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
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
}

}  // namespace

extern const Architecture kOlmo2 = {
    .name = "olmo2",
    .model_types = {"olmo2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
