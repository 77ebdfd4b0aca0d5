// Command R and R+, Aya 23 and Expanse (Cohere): attention and feed forward
// side by side behind one norm that centres; the larger ones norm queries and
// keys, each head with weights of its own.
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

Graph Describe(const ModelFile& file) {
  Decoder d(file, "command-r", NormStep::Kind::kLayer);
  const bool normed = file.FindTensor("blk.0.attn_q_norm.weight") != nullptr;
  const AttentionOptions attention{
      .rope = d.Rope(),
      .pairs = RopePairs::kAdjacent,
      .head_norm = normed ? HeadNorm::kOwn : HeadNorm::kNone};
  const ValueId side = d.builder().Value("side", d.shape().embedding);
  d.SetLogits(d.keys().Positive("logit_scale"), 0);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
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
  f.AddNames(kHeadNormNames);
  f.SetNumber("attention.layer_norm_epsilon", f.Number("layer_norm_eps", 1e-5));
  f.SetNumber("logit_scale", f.Number("logit_scale", 0.0625));
}

}  // namespace

extern const Architecture kCommandR = {
    .name = "command-r",
    .model_types = {"cohere"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
