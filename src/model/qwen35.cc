// Qwen 3.5, with mixtures or without: three of four layers keep a state by the
// gated delta rule (arXiv:2412.06464) instead of attending; where a layer
// attends, its result is gated.
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// The heads of the delta rule.
struct DeltaShape {
  uint64_t key_heads;
  uint64_t value_heads;
  uint64_t key_length;
  uint64_t value_length;
  uint64_t kernel;

  uint64_t keys() const { return key_heads * key_length; }
  uint64_t values() const { return value_heads * value_length; }
  // What is convolved: queries, keys, values.
  uint64_t channels() const { return 2 * keys() + values(); }
};

DeltaShape ReadDelta(const ModelFile& file, const ModelKeys& keys) {
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

// H = delta(H)
void Delta(Decoder& d, const DeltaShape& s) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const ValueId gate = d.Value("delta_gate", s.values());
  const ValueId alpha = d.Value("delta_alpha", s.value_heads);
  const ValueId beta = d.Value("delta_beta", s.value_heads);
  const auto part = [&](std::string_view name, ValueId out) {
    return g.Linear(d.Name(name), embedding,
                    out == gate ? s.values() : s.value_heads, {}, out);
  };
  g.Add(d.Name("ssm_gates"),
        LinearStep{d.h(),
                   {part("attn_gate", gate), part("ssm_alpha", alpha),
                    part("ssm_beta", beta)}});
  const DeltaInput in = Convolve(d, s);
  g.Add(d.Name("delta"),
        DeltaRuleStep{
            .state = g.State(d.Name("delta"),
                             s.value_heads * s.key_length * s.value_length),
            .query = in.query,
            .key = in.key,
            .value = in.value,
            .alpha = alpha,
            .beta = beta,
            .decay = g.Tensor(d.Name("ssm_a"), {s.value_heads}),
            .offset = g.Tensor(d.Name("ssm_dt.bias"), {s.value_heads}),
            .out = in.value,
            .key_heads = s.key_heads,
            .value_heads = s.value_heads,
            .tiled = true});
  d.SelectRows({d.x(), gate, in.value});
  g.Add(
      d.Name("ssm_norm"),
      NormStep{.in = in.value,
               .weight = g.Tensor(d.Name("ssm_norm.weight"), {s.value_length}),
               .epsilon = d.shape().epsilon,
               .out = in.value,
               .groups = s.value_heads});
  g.Add(d.Name("ssm_gate"),
        ActivateStep{Activation::kSilu, gate, in.value, in.value});
  g.Add(d.Name("ssm_out"), LinearStep{in.value,
                                      {g.Linear(d.Name("ssm_out"), s.values(),
                                                embedding, {}, d.h())}});
}

Graph DescribeAs(const ModelFile& file, std::string_view architecture) {
  Decoder d(file, architecture);
  const DeltaShape delta = ReadDelta(file, d.keys());
  const AttentionOptions attention{
      .rope = d.Rope(), .head_norm = HeadNorm::kEach, .gated = true};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    if (file.FindTensor(d.Name("ssm_conv1d.weight")) != nullptr) {
      Delta(d, delta);
    } else {
      d.Attention(attention);
    }
    d.Add();
    d.Norm("post_attention_norm");
    d.AddMixtureOrFeedForward({});
  }
  return d.Finish();
}

// GGUF's files hold the value heads of one key head apart: head j of key head
// i is number j * key heads + i there, i * repeats + j here.
std::vector<AxisRange> Tiled(const DeltaShape& s, uint64_t begin,
                             uint64_t length) {
  const uint64_t repeats = s.value_heads / s.key_heads;
  std::vector<AxisRange> rows;
  for (uint64_t j = 0; j < repeats; ++j) {
    for (uint64_t i = 0; i < s.key_heads; ++i) {
      rows.push_back({begin + (i * repeats + j) * length, length});
    }
  }
  return rows;
}

DeltaShape ReadDeltaFields(FolderReader& f) {
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
  return s;
}

void ReadDeltaTensors(FolderReader& f, const DeltaShape& s) {
  const std::vector<AxisRange> heads = Tiled(s, 0, 1);
  const std::vector<AxisRange> values = Tiled(s, 0, s.value_length);
  std::vector<AxisRange> mixed = Tiled(s, 2 * s.keys(), s.value_length);
  mixed.insert(mixed.begin(), {0, 2 * s.keys()});
  for (const auto& [folder, gguf, place] :
       {std::tuple("in_proj_qkv", "attn_qkv", TensorPlace{.rows = mixed}),
        std::tuple("in_proj_z", "attn_gate", TensorPlace{.rows = values}),
        std::tuple("in_proj_a", "ssm_alpha", TensorPlace{.rows = heads}),
        std::tuple("in_proj_b", "ssm_beta", TensorPlace{.rows = heads}),
        std::tuple("dt_bias", "ssm_dt.bias", TensorPlace{.rows = heads}),
        std::tuple(
            "conv1d", "ssm_conv1d",
            TensorPlace{.rows = mixed, .extra = ExtraDimension::kChannel}),
        std::tuple(
            "A_log", "ssm_a",
            TensorPlace{.rows = heads, .change = NumberChange::kMinusExp}),
        std::tuple("out_proj", "ssm_out", TensorPlace{.columns = values})}) {
    f.AddPlaced({std::string("model.layers.{}.linear_attn.") + folder,
                 std::string("blk.{}.") + gguf},
                place);
  }
}

void ReadFolder(FolderReader& f) {
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
  ReadDeltaTensors(f, ReadDeltaFields(f));
  f.SetCount("full_attention_interval", f.Count("full_attention_interval", 4));
  // For other programs: this one sees which tensors a layer has, and positions
  // of text have one section. llama.cpp loads no file without the sections.
  if (const auto recurrent = f.LayersOfType("linear_attention")) {
    f.SetFlags("attention.recurrent_layers", *recurrent);
  }
  std::vector<uint64_t> sections = f.RopeParameters().value(
      "mrope_section", std::vector<uint64_t>{11, 11, 10});
  sections.resize(4);
  f.SetCounts("rope.dimension_sections", sections);
  if (f.Field("num_experts").is_null()) return;
  f.SetExpertKeys();
  f.AddMixture(
      {.shared = kSharedExpertNames, .shared_gate = "shared_expert_gate"});
}

Graph Describe(const ModelFile& file) { return DescribeAs(file, "qwen35"); }

Graph DescribeMoe(const ModelFile& file) {
  return DescribeAs(file, "qwen35moe");
}

}  // namespace

extern const Architecture kQwen35 = {
    .name = "qwen35",
    .model_types = {"qwen3_5_text", "qwen3_5"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

extern const Architecture kQwen35Moe = {
    .name = "qwen35moe",
    .model_types = {"qwen3_5_moe_text", "qwen3_5_moe"},
    .describe = DescribeMoe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
