#include "model/delta.h"

#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

struct DeltaInput {
  ValueId query;
  ValueId key;
  ValueId value;
};

DeltaInput Convolve(Decoder& d, const DeltaShape& s) {
  GraphBuilder& g = d.builder();
  const ValueId mixed = d.Value("delta_mixed", s.channels());
  const ValueId convolved = d.Value("delta_convolved", s.channels());
  g.Add(d.Name("attn_qkv"),
        LinearStep{d.h(),
                   {g.Linear(d.Name("attn_qkv"), d.shape().embedding,
                             s.channels(), {}, mixed)}});
  g.Add(d.Name("ssm_conv1d"),
        ConvolutionStep{
            .state = g.State(d.Name("conv"), (s.kernel - 1) * s.channels()),
            .in = mixed,
            .weight =
                g.Tensor(d.Name("ssm_conv1d.weight"), {s.kernel, s.channels()}),
            .bias = std::nullopt,
            .out = convolved});
  g.Add(d.Name("ssm_act"),
        ActivateStep{Activation::kSilu, convolved, std::nullopt, convolved});
  const DeltaInput in{d.Value("delta_query", s.keys()),
                      d.Value("delta_key", s.keys()),
                      d.Value("delta_value", s.values())};
  uint64_t begin = 0;
  for (const auto& [value, length] :
       {std::pair(in.query, s.keys()), std::pair(in.key, s.keys()),
        std::pair(in.value, s.values())}) {
    g.Add(d.Name("ssm_split"), CopyStep{.in = convolved,
                                        .in_begin = begin,
                                        .in_stride = s.channels(),
                                        .out = value,
                                        .out_begin = 0,
                                        .out_stride = length,
                                        .length = length});
    begin += length;
  }
  return in;
}

}  // namespace

DeltaShape ReadDeltaKeys(const ModelFile& file, const ModelKeys& keys) {
  DeltaShape s{};
  s.key_heads = keys.Count("ssm.group_count");
  s.value_heads = keys.Count("ssm.time_step_rank");
  s.key_length = keys.Count("ssm.state_size");
  s.value_length = keys.Count("ssm.inner_size") / s.value_heads;
  s.kernel = keys.Count("ssm.conv_kernel");
  if (s.value_length == 0 || s.value_heads % s.key_heads != 0) {
    throw Error::Format("the keys ssm.* contradict each other").In(file.path());
  }
  return s;
}

void AddDelta(Decoder& d, const DeltaShape& s, bool tiled,
              const DeltaGatesMaker& make_gates) {
  GraphBuilder& g = d.builder();
  const DeltaGates gates = make_gates(d, s);
  const DeltaInput in = Convolve(d, s);
  g.Add(d.Name("delta"),
        DeltaRuleStep{
            .state = g.State(d.Name("delta"),
                             s.value_heads * s.key_length * s.value_length),
            .query = in.query,
            .key = in.key,
            .value = in.value,
            .alpha = gates.alpha,
            .beta = gates.beta,
            .decay = g.Tensor(d.Name("ssm_a"), {s.value_heads}),
            .offset = g.Tensor(d.Name("ssm_dt.bias"), {s.value_heads}),
            .out = in.value,
            .key_heads = s.key_heads,
            .value_heads = s.value_heads,
            .tiled = tiled});
  d.SelectRows({d.x(), gates.result, in.value});
  g.Add(
      d.Name("ssm_norm"),
      NormStep{.in = in.value,
               .weight = g.Tensor(d.Name("ssm_norm.weight"), {s.value_length}),
               .epsilon = d.shape().epsilon,
               .out = in.value,
               .groups = s.value_heads});
  g.Add(d.Name("ssm_gate"),
        ActivateStep{Activation::kSilu, gates.result, in.value, in.value});
  g.Add(d.Name("ssm_out"),
        LinearStep{in.value,
                   {g.Linear(d.Name("ssm_out"), s.values(), d.shape().embedding,
                             {}, d.h())}});
}

Graph DescribeDelta(const ModelFile& file, std::string_view architecture,
                    bool tiled, const DeltaGatesMaker& gates) {
  Decoder d(file, architecture);
  const DeltaShape delta = ReadDeltaKeys(file, d.keys());
  const AttentionOptions attention{
      .rope = d.Rope(), .head_norm = HeadNorm::kEach, .gated = true};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    if (file.FindTensor(d.Name("ssm_conv1d.weight")) != nullptr) {
      AddDelta(d, delta, tiled, gates);
    } else {
      d.Attention(attention);
    }
    d.Add();
    d.Norm("post_attention_norm");
    d.AddMixtureOrFeedForward({});
  }
  return d.Finish();
}

DeltaShape ReadDeltaFolder(FolderReader& f) {
  f.SetDecoderKeys({.rope_theta = 10000000,
                    .partial_rotary_factor = 0.25,
                    .head_length = 256});
  static constexpr TensorName kOwn[] = {
      {"model.layers.{}.post_attention_layernorm",
       "blk.{}.post_attention_norm"},
      {"model.layers.{}.linear_attn.norm", "blk.{}.ssm_norm"}};
  f.AddNames(kDecoderNames);
  f.AddNames(kOwn);
  f.AddOneToNorms(kDecoderNames);
  f.AddOneToNorms(std::span(kOwn).first(1));
  f.AddOneToNorms(kHeadNormNames);
  f.SetCount("full_attention_interval", f.Count("full_attention_interval", 4));
  DeltaShape s{};
  s.key_heads = f.Count("linear_num_key_heads", 16);
  s.value_heads = f.Count("linear_num_value_heads", 32);
  s.key_length = f.Count("linear_key_head_dim", 128);
  s.value_length = f.Count("linear_value_head_dim", 128);
  s.kernel = f.Count("linear_conv_kernel_dim", 4);
  if (s.key_heads == 0 || s.value_heads % s.key_heads != 0) {
    f.ThrowUnsupported("value heads that key heads can't share evenly");
  }
  f.SetCount("ssm.group_count", s.key_heads);
  f.SetCount("ssm.time_step_rank", s.value_heads);
  f.SetCount("ssm.state_size", s.key_length);
  f.SetCount("ssm.inner_size", s.values());
  f.SetCount("ssm.conv_kernel", s.kernel);
  if (!f.Field("num_experts").is_null()) {
    f.SetExpertKeys();
    f.AddMixture(
        {.shared = kSharedExpertNames, .shared_gate = "shared_expert_gate"});
  }
  return s;
}

void ReadDeltaTensors(FolderReader& f, std::vector<AxisRange> mixed,
                      std::vector<AxisRange> heads) {
  f.AddPlaced({"model.layers.{}.linear_attn.dt_bias", "blk.{}.ssm_dt.bias"},
              {.rows = heads});
  f.AddPlaced({"model.layers.{}.linear_attn.conv1d", "blk.{}.ssm_conv1d"},
              {.rows = std::move(mixed), .extra = ExtraDimension::kChannel});
  f.AddPlaced({"model.layers.{}.linear_attn.A_log", "blk.{}.ssm_a"},
              {.rows = std::move(heads), .change = NumberChange::kMinusExp});
}

}  // namespace fullstop
