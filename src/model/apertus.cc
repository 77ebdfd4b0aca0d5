// Apertus: normed queries and keys, and xIELU without a gate. arXiv:2509.14233.
#include <cmath>
#include <tuple>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

float Softplus(float x) { return std::log1p(std::exp(x)); }

Graph Describe(const ModelFile& file) {
  Decoder d(file, "apertus");
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kEach};
  const uint64_t layers = d.shape().layers;
  // The numbers that the model learned; the activation's are made of them.
  const auto numbers = [&](const char* name) {
    return d.keys().GlobalNumbers(name, layers);
  };
  const std::vector<float> positive = numbers("xielu.alpha_p");
  const std::vector<float> negative = numbers("xielu.alpha_n");
  const std::vector<float> beta = numbers("xielu.beta");
  const std::vector<float> epsilon = numbers("xielu.eps");
  d.Embed();
  for (uint64_t layer = 0; layer < layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    d.Attention(attention);
    d.Add();
    d.Norm("ffn_norm");
    d.UngatedFeedForward(
        Activation::kXielu,
        {.alpha = Softplus(positive[layer]),
         .alpha_negative = beta[layer] + Softplus(negative[layer]),
         .beta = beta[layer],
         .epsilon = epsilon[layer]});
    d.Add();
  }
  return d.Finish();
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.attention_layernorm", "blk.{}.attn_norm"},
      {"model.layers.{}.feedforward_layernorm", "blk.{}.ffn_norm"}};
  f.AddNames(kOwn);
  for (const auto& [name, key, fallback, scalar] :
       {std::tuple("alpha_p", "xielu.alpha_p", 0.0f, false),
        std::tuple("alpha_n", "xielu.alpha_n", 0.0f, false),
        std::tuple("beta", "xielu.beta", 0.5f, true),
        std::tuple("eps", "xielu.eps", -1e-6f, true)}) {
    f.SetLayerNumbers(key, std::string("model.layers.{}.mlp.act_fn.") + name,
                      fallback, scalar);
  }
}

}  // namespace

extern const Architecture kApertus = {
    .name = "apertus",
    .model_types = {"apertus"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
