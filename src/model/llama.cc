// The Llama line: Llama 1 to 3.3, TinyLlama, SmolLM 1 and 2, Yi, Mistral
// without a sliding window, and their fine-tunes. arXiv:2302.13971.
#include <fmt/format.h>

#include "base/error.h"
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

void CheckSupported(const ModelFile& file, const Decoder& d) {
  const auto unsupported = [&](std::string what) {
    return Error::Unsupported(std::move(what)).In(file.path());
  };
  const uint64_t experts = d.keys().CountOrNone("expert_count");
  if (experts > 0) {
    throw unsupported(fmt::format(
        "the model is a mixture of {} experts, which is not supported",
        experts));
  }
  const uint64_t window = d.keys().CountOrNone("attention.sliding_window");
  if (window > 0 && window < d.shape().context) {
    throw unsupported(fmt::format(
        "the model attends through a sliding window of {} positions, which is "
        "not supported",
        window));
  }
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "llama");
  CheckSupported(file, d);
  const AttentionOptions attention{.rope = d.Rope(),
                                   .pairs = d.ReorderedPairs()};
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
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
}

}  // namespace

extern const Architecture kLlama = {
    .name = "llama",
    .model_types = {"llama"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
