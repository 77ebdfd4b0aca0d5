// LFM 2: most layers convolve a few positions instead of attending; with
// mixtures or without.
#include <string_view>
#include <vector>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// H = conv(H): the input gates what is convolved and what comes of it.
void ShortConvolution(Decoder& d, uint64_t length) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const ValueId before = d.Value("conv_before", embedding);
  const ValueId behind = d.Value("conv_behind", embedding);
  const ValueId in = d.Value("conv_in", embedding);
  const ValueId out = d.Value("conv_out", embedding);
  const LinearPart fused = g.Linear(d.Name("shortconv.in_proj"), embedding,
                                    3 * embedding, {}, before);
  g.Add(d.Name("conv_in_proj"),
        LinearStep{d.h(),
                   {fused,
                    {fused.weight, fused.bias, behind, embedding},
                    {fused.weight, fused.bias, in, 2 * embedding}}});
  g.Add(d.Name("conv_gate_in"),
        ActivateStep{Activation::kIdentity, before, in, in});
  g.Add(
      d.Name("conv"),
      ConvolutionStep{
          .state = g.State(d.Name("conv"), (length - 1) * embedding),
          .in = in,
          .weight =
              g.Tensor(d.Name("shortconv.conv.weight"), {length, embedding}),
          .bias = g.OptionalTensor(d.Name("shortconv.conv.bias"), {embedding}),
          .out = out});
  d.SelectRows({d.x(), behind, out});
  g.Add(d.Name("conv_gate_out"),
        ActivateStep{Activation::kIdentity, behind, out, out});
  g.Add(d.Name("conv_out_proj"),
        LinearStep{out,
                   {g.Linear(d.Name("shortconv.out_proj"), embedding, embedding,
                             {}, d.h())}});
}

Graph DescribeAs(const ModelFile& file, std::string_view architecture) {
  Decoder d(file, architecture);
  const AttentionOptions attention{.rope = d.Rope(),
                                   .head_norm = HeadNorm::kEach};
  const MixtureOptions mixture{.score = RouteStep::Score::kSigmoid,
                               .epsilon = 1e-6};
  const uint64_t length = d.keys().Count("shortconv.l_cache");
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    if (file.FindTensor(d.Name("shortconv.conv.weight")) != nullptr) {
      ShortConvolution(d, length);
    } else {
      d.Attention(attention);
    }
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish("token_embd_norm");
}

void ReadFolder(FolderReader& f) {
  // Its fields go by other names.
  f.SetDecoderKeys(
      {.epsilon = f.Number("norm_eps", 1e-5), .rope_theta = 1000000});
  f.SetCount("shortconv.l_cache", f.Count("conv_L_cache", 3));
  static constexpr TensorName kNames[] = {
      {"model.embed_tokens", "token_embd"},
      {"model.embedding_norm", "token_embd_norm"},
      {"lm_head", "output"},
      {"model.layers.{}.operator_norm", "blk.{}.attn_norm"},
      {"model.layers.{}.ffn_norm", "blk.{}.ffn_norm"},
      {"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q"},
      {"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k"},
      {"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v"},
      {"model.layers.{}.self_attn.out_proj", "blk.{}.attn_output"},
      {"model.layers.{}.self_attn.q_layernorm", "blk.{}.attn_q_norm"},
      {"model.layers.{}.self_attn.k_layernorm", "blk.{}.attn_k_norm"},
      {"model.layers.{}.conv.in_proj", "blk.{}.shortconv.in_proj"},
      {"model.layers.{}.conv.out_proj", "blk.{}.shortconv.out_proj"},
      {"model.layers.{}.conv.conv.bias", "blk.{}.shortconv.conv.bias"},
      {"model.layers.{}.feed_forward.w1", "blk.{}.ffn_gate"},
      {"model.layers.{}.feed_forward.w3", "blk.{}.ffn_up"},
      {"model.layers.{}.feed_forward.w2", "blk.{}.ffn_down"}};
  f.AddNames(kNames);
  f.AddPlaced(
      {"model.layers.{}.conv.conv.weight", "blk.{}.shortconv.conv.weight"},
      {.extra = ExtraDimension::kChannel});
  // The configuration's length is rounded in ways of its own.
  const std::vector<uint64_t> gate =
      f.Shape("model.layers.{}.feed_forward.w1.weight");
  if (!gate.empty()) f.SetCount("feed_forward_length", gate[0]);
  const uint64_t heads = f.Count("num_key_value_heads");
  if (const auto attends = f.LayersOfType("full_attention")) {
    std::vector<uint64_t> each;
    for (const bool attend : *attends) each.push_back(attend ? heads : 0);
    f.SetCounts("attention.head_count_kv", each);
  }
  if (f.Field("num_experts").is_null()) return;
  f.SetExpertKeys();
  f.SetCount("leading_dense_block_count", f.Count("num_dense_layers", 0));
  f.SetCount("expert_gating_func", 2);
  f.AddMixture({.prefix = "model.layers.{}.feed_forward.",
                .saved_prefix = "model.layers.{}.feed_forward.",
                .bias = "expert_bias",
                .experts = kNumberedExpertNames});
}

Graph Describe(const ModelFile& file) { return DescribeAs(file, "lfm2"); }

Graph DescribeMoe(const ModelFile& file) { return DescribeAs(file, "lfm2moe"); }

}  // namespace

extern const Architecture kLfm2 = {
    .name = "lfm2",
    .model_types = {"lfm2"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

extern const Architecture kLfm2Moe = {
    .name = "lfm2moe",
    .model_types = {"lfm2_moe"},
    .describe = DescribeMoe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
