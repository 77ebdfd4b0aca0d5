// The Llama line: Llama 1 to 3.3, TinyLlama, SmolLM 1 and 2, Yi, and Mistral
// with its sliding window. arXiv:2302.13971, arXiv:2310.06825.
#include <fmt/format.h>

#include <vector>

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
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "llama");
  CheckSupported(file, d);
  AttentionOptions attention{.rope = d.Rope(), .pairs = d.ReorderedPairs()};
  const std::vector<uint64_t> windows = d.Windows(0);
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    attention.window = windows[layer];
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
  if (f.Text("model_type", "") != "llama") f.SetWindows(0);
}

}  // namespace

extern const Architecture kLlama = {
    .name = "llama",
    .model_types = {"llama", "mistral", "ministral"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .reordered = true,
};

}  // namespace fullstop
