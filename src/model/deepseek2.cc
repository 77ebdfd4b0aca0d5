// DeepSeek 2 and 3, Kimi K2, GLM-4.7 Flash: latent attention, whose cache holds
// one short vector for all heads; mixtures with groups of experts.
// arXiv:2405.04434, arXiv:2412.19437, arXiv:2507.20534.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "format/dequantize.h"
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

// A query of a head is PLAIN numbers without a position and ROTATED ones with;
// keys and values are made of a latent vector, but for the ROTATED numbers of
// the keys.
struct Latent {
  uint64_t plain;
  uint64_t rotated;
  uint64_t latent;
  uint64_t value;
  uint64_t query_rank;  // 0: queries are not made of a latent vector
  RopeId rope;
  double scale;

  uint64_t query() const { return plain + rotated; }
  // Of keys as the cache holds them.
  uint64_t key() const { return latent + rotated; }
};

struct HeadShape {
  uint64_t plain;
  uint64_t value;
};

// Older files have the lengths without "_mla".
HeadShape ReadHead(const ModelFile& file, const ModelKeys& keys) {
  const bool old =
      file.keys().Find(keys.FullKey("attention.key_length_mla")) == nullptr;
  const char* suffix = old ? "" : "_mla";
  const uint64_t key =
      keys.Count(fmt::format("attention.key_length{}", suffix));
  const uint64_t rotated = keys.Count("rope.dimension_count");
  if (key <= rotated) {
    throw Error::Format(
        fmt::format("keys of {} numbers, of which {} turn", key, rotated))
        .In(file.path());
  }
  return {key - rotated,
          keys.Count(fmt::format("attention.value_length{}", suffix))};
}

Latent ReadLatent(Decoder& d, const ModelFile& file) {
  const ModelKeys& keys = d.keys();
  Latent a{};
  a.rotated = keys.Count("rope.dimension_count");
  a.latent = keys.Count("attention.kv_lora_rank");
  const HeadShape head = ReadHead(file, keys);
  a.plain = head.plain;
  a.value = head.value;
  a.query_rank = keys.CountOrNone("attention.q_lora_rank");
  a.rope = d.Rope();
  a.scale = 1 / std::sqrt(static_cast<double>(a.query()));
  const double factor = keys.Positive("rope.scaling.factor", 1.0);
  const double multiplier = keys.Number("rope.scaling.yarn_log_multiplier", 0);
  if (factor > 1 && multiplier != 0) {
    a.scale *= std::pow(1 + multiplier * std::log(factor), 2);
  }
  return a;
}

// Of the norms of latent vectors, whatever the configuration says of others.
constexpr double kLatentEpsilon = 1e-6;

// Queries, rotated.
ValueId Queries(Decoder& d, const Latent& a) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const uint64_t heads = d.shape().heads;
  const ValueId query = d.Value("query", heads * a.query());
  const Cut by_head{CutAxis::kOutput, a.query()};
  if (a.query_rank == 0) {
    g.Add(d.Name("attn_q"),
          LinearStep{d.h(),
                     {g.Linear(d.Name("attn_q"), embedding, heads * a.query(),
                               by_head, query)}});
  } else {
    const ValueId low = d.Value("query_latent", a.query_rank);
    g.Add(d.Name("attn_q_a"),
          LinearStep{d.h(),
                     {g.Linear(d.Name("attn_q_a"), embedding, a.query_rank, {},
                               low)}});
    g.Add(d.Name("attn_q_a_norm"),
          NormStep{.in = low,
                   .weight =
                       g.Tensor(d.Name("attn_q_a_norm.weight"), {a.query_rank}),
                   .epsilon = kLatentEpsilon,
                   .out = low});
    g.Add(d.Name("attn_q_b"),
          LinearStep{low,
                     {g.Linear(d.Name("attn_q_b"), a.query_rank,
                               heads * a.query(), by_head, query)}});
  }
  g.Add(d.Name("rope_q"), RopeStep{query, heads, a.query(), a.rope,
                                   RopePairs::kAdjacent, a.plain});
  return query;
}

// What the cache keeps: the latent vector, normed, then the rotated numbers.
ValueId Keys(Decoder& d, const Latent& a) {
  GraphBuilder& g = d.builder();
  const ValueId key = d.Value("key", a.key());
  const ValueId latent = d.Value("latent", a.latent);
  g.Add(d.Name("attn_kv_a"),
        LinearStep{d.h(),
                   {g.Linear(d.Name("attn_kv_a_mqa"), d.shape().embedding,
                             a.key(), {}, key)}});
  const CopyStep copy{.in = key,
                      .in_begin = 0,
                      .in_stride = a.key(),
                      .out = latent,
                      .out_begin = 0,
                      .out_stride = a.latent,
                      .length = a.latent};
  g.Add(d.Name("attn_latent"), copy);
  g.Add(
      d.Name("attn_kv_a_norm"),
      NormStep{.in = latent,
               .weight = g.Tensor(d.Name("attn_kv_a_norm.weight"), {a.latent}),
               .epsilon = kLatentEpsilon,
               .out = latent});
  g.Add(d.Name("attn_latent_back"), CopyStep{.in = latent,
                                             .in_begin = 0,
                                             .in_stride = a.latent,
                                             .out = key,
                                             .out_begin = 0,
                                             .out_stride = a.key(),
                                             .length = a.latent});
  g.Add(d.Name("rope_k"),
        RopeStep{key, 1, a.key(), a.rope, RopePairs::kAdjacent, a.latent});
  return key;
}

// H = attention(H)
void Attention(Decoder& d, const Latent& a) {
  GraphBuilder& g = d.builder();
  const uint64_t heads = d.shape().heads;
  const ValueId query = Queries(d, a);
  const ValueId key = Keys(d, a);
  // Queries go to the space of the latent vectors, once for each row, instead
  // of all keys to theirs.
  const ValueId absorbed = d.Value("absorbed", heads * a.key());
  const ValueId seen = d.Value("seen", heads * a.latent);
  const ValueId value = d.Value("value", heads * a.value);
  g.Add(d.Name("attn_k_b"), HeadLinearStep{query,
                                           g.Tensor(d.Name("attn_k_b.weight"),
                                                    {a.plain, a.latent, heads}),
                                           absorbed});
  g.Add(d.Name("attn_absorb"), CopyStep{.in = query,
                                        .in_begin = a.plain,
                                        .in_stride = a.query(),
                                        .out = absorbed,
                                        .out_begin = a.latent,
                                        .out_stride = a.key(),
                                        .length = a.rotated,
                                        .groups = heads});
  g.Add(d.Name("attention"),
        AttentionStep{.layer = d.AddCache({.heads = heads,
                                           .kv_heads = 1,
                                           .head_length = a.key(),
                                           .value_length = a.latent,
                                           .values_in_keys = true}),
                      .query = absorbed,
                      .key = key,
                      .value = std::nullopt,
                      .out = seen,
                      .scale = a.scale});
  d.SelectRows({d.x(), seen});
  g.Add(d.Name("attn_v_b"), HeadLinearStep{seen,
                                           g.Tensor(d.Name("attn_v_b.weight"),
                                                    {a.latent, a.value, heads}),
                                           value});
  g.Add(d.Name("attn_output"),
        LinearStep{value,
                   {g.Linear(d.Name("attn_output"), heads * a.value,
                             d.shape().embedding, {CutAxis::kInput, a.value},
                             d.h())}});
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "deepseek2");
  const Latent latent = ReadLatent(d, file);
  // Version 2 has no key for these; 3 has.
  const MixtureOptions mixture{
      .normalise = false,
      .epsilon = 1e-20,
      .ranked = d.keys().CountOrNone("expert_gating_func") == 2 ? 2u : 1u};
  d.Embed();
  for (uint64_t layer = 0; layer < d.shape().layers; ++layer) {
    d.BeginLayer(layer);
    d.Norm("attn_norm");
    Attention(d, latent);
    d.Add();
    d.Norm("ffn_norm");
    d.AddMixtureOrFeedForward(mixture);
  }
  return d.Finish();
}

// --- Older files -------------------------------------------------------------

// [plain, latent] of one head, of the rows [latent] of keys and values, head by
// head.
std::vector<std::byte> KeyMatrix(const ModelTensor& fused,
                                 const HeadShape& head, uint64_t number) {
  const uint64_t latent = fused.shape[0];
  const uint64_t row_bytes = RowBytes(fused.type, latent).value();
  std::vector<float> row(latent);
  std::vector<float> numbers(latent * head.plain);
  for (uint64_t i = 0; i < head.plain; ++i) {
    const uint64_t from = number * (head.plain + head.value) + i;
    Dequantize(fused.type, fused.pieces[0].data() + from * row_bytes,
               row.data(), latent);
    for (uint64_t j = 0; j < latent; ++j) {
      numbers[j * head.plain + i] = row[j];
    }
  }
  std::vector<std::byte> bytes(numbers.size() * sizeof(float));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

// attn_k_b and attn_v_b where the file has both in one, attn_kv_b.
std::vector<ModelTensor> Complete(const ModelFile& file) {
  constexpr std::string_view kFused = "attn_kv_b.weight";
  const ModelKeys keys(file, "deepseek2");
  std::vector<ModelTensor> more;
  for (const ModelTensor& fused : file.tensors()) {
    if (!fused.name.ends_with(kFused)) continue;
    const std::string prefix =
        fused.name.substr(0, fused.name.size() - kFused.size());
    if (file.FindTensor(prefix + "attn_k_b.weight") != nullptr) continue;
    const HeadShape head = ReadHead(file, keys);
    const uint64_t heads = keys.Count("attention.head_count");
    const uint64_t latent = keys.Count("attention.kv_lora_rank");
    const uint64_t rows = head.plain + head.value;
    if (fused.shape != std::vector<uint64_t>{latent, heads * rows} ||
        !Traits(fused.type).supported) {
      throw Error::Format(fmt::format("tensor {} is none of {} by {} numbers",
                                      fused.name, latent, heads * rows))
          .In(file.path());
    }
    more.push_back({.name = prefix + "attn_k_b.weight",
                    .type = TensorType::kF32,
                    .shape = {head.plain, latent, heads},
                    .make = [fused, head](uint64_t number) {
                      return KeyMatrix(fused, head, number);
                    }});
    ModelTensor values{.name = prefix + "attn_v_b.weight",
                       .type = fused.type,
                       .shape = {latent, head.value, heads}};
    const uint64_t row_bytes = RowBytes(fused.type, latent).value();
    for (uint64_t h = 0; h < heads; ++h) {
      values.pieces.push_back(fused.pieces[0].subspan(
          (h * rows + head.plain) * row_bytes, head.value * row_bytes));
    }
    more.push_back(std::move(values));
  }
  return more;
}

// --- Folders -----------------------------------------------------------------

void ReadAttention(FolderReader& f) {
  const uint64_t heads = f.Count("num_attention_heads");
  const uint64_t rotated = f.Count("qk_rope_head_dim", 64);
  const uint64_t plain = f.Count("qk_nope_head_dim", 128);
  const uint64_t latent = f.Count("kv_lora_rank", 512);
  const uint64_t value = f.Count("v_head_dim", 128);
  f.SetRopeKeys(rotated, {.log_multiplier = 0.1});
  f.SetCount("attention.head_count_kv", 1);
  f.SetCount("attention.key_length", latent + rotated);
  f.SetCount("attention.value_length", latent);
  f.SetCount("attention.key_length_mla", plain + rotated);
  f.SetCount("attention.value_length_mla", value);
  f.SetCount("attention.kv_lora_rank", latent);
  if (f.Count("q_lora_rank", 0) > 0) {
    f.SetCount("attention.q_lora_rank", f.Count("q_lora_rank"));
  }
  static constexpr TensorName kNames[] = {
      {"model.layers.{}.self_attn.q_a_proj", "blk.{}.attn_q_a"},
      {"model.layers.{}.self_attn.q_a_layernorm", "blk.{}.attn_q_a_norm"},
      {"model.layers.{}.self_attn.q_b_proj", "blk.{}.attn_q_b"},
      {"model.layers.{}.self_attn.kv_a_proj_with_mqa", "blk.{}.attn_kv_a_mqa"},
      {"model.layers.{}.self_attn.kv_a_layernorm", "blk.{}.attn_kv_a_norm"}};
  f.AddNames(kNames);
  // Of each head the rows of keys, then those of values; the keys' are turned
  // over.
  constexpr std::string_view kFused = "model.layers.{}.self_attn.kv_b_proj";
  f.AddPlaced({kFused, "blk.{}.attn_k_b"},
              {.rows = {{0, plain}}, .transposed = true, .stacked = heads});
  f.AddPlaced({kFused, "blk.{}.attn_v_b"},
              {.rows = {{plain, value}}, .stacked = heads});
}

void ReadFolder(FolderReader& f) {
  f.SetDecoderKeys();
  f.AddNames(kDecoderNames);
  ReadAttention(f);
  f.SetExpertKeys();
  f.AddMixture(
      {.bias = "gate.e_score_correction_bias", .shared = kSharedExpertsNames});
  const bool sigmoid =
      f.Text("scoring_func", f.Text("model_type", "") == "deepseek_v2"
                                 ? "softmax"
                                 : "sigmoid") == "sigmoid";
  f.SetCount("expert_gating_func", sigmoid ? 2 : 1);
  if (f.Text("topk_method", "") == "greedy") {
    f.SetCount("expert_group_count", 1);
  }
}

}  // namespace

extern const Architecture kDeepSeek2 = {
    .name = "deepseek2",
    .model_types = {"deepseek_v2", "deepseek_v3", "kimi_k2", "glm4_moe_lite"},
    .describe = Describe,
    .read_folder = ReadFolder,
    .complete = Complete,
};

}  // namespace fullstop
