#include "model/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

// Files may pad the table past the tokenizer's vocabulary.
uint64_t ReadVocabulary(const ModelFile& file) {
  const ModelTensor* table = file.FindTensor("token_embd.weight");
  if (table == nullptr || table->shape.size() != 2 || table->shape[1] == 0) {
    throw Error::Format("the file has no matrix token_embd.weight")
        .In(file.path());
  }
  return table->shape[1];
}

DecoderShape ReadShape(const ModelFile& file, const ModelKeys& keys,
                       NormStep::Kind norms) {
  DecoderShape shape{};
  shape.layers =
      keys.Count("block_count") - keys.CountOrNone("nextn_predict_layers");
  shape.embedding = keys.Count("embedding_length");
  shape.heads = keys.Count("attention.head_count");
  shape.head_length =
      keys.Count("attention.key_length", shape.embedding / shape.heads);
  shape.context = keys.Count("context_length");
  shape.epsilon = keys.Positive(norms == NormStep::Kind::kRms
                                    ? "attention.layer_norm_rms_epsilon"
                                    : "attention.layer_norm_epsilon");
  if (shape.layers < 1 || shape.layers > keys.Count("block_count")) {
    throw Error::Format("no layers are left").In(file.path());
  }
  if (shape.layers > file.tensors().size()) {
    throw Error::Format(fmt::format("key {} is {}, but there are {} tensors",
                                    keys.FullKey("block_count"), shape.layers,
                                    file.tensors().size()))
        .In(file.path());
  }
  shape.feed_forward = keys.Counts("feed_forward_length", shape.layers);
  shape.kv_heads = std::ranges::max(
      keys.Counts("attention.head_count_kv", shape.layers, shape.heads));
  if (shape.kv_heads == 0 || shape.heads % shape.kv_heads != 0) {
    throw Error::Format(fmt::format("{} heads can't share {} key heads evenly",
                                    shape.heads, shape.kv_heads))
        .In(file.path());
  }
  shape.vocabulary = ReadVocabulary(file);
  return shape;
}

}  // namespace

Decoder::Decoder(const ModelFile& file, std::string_view architecture,
                 NormStep::Kind norms)
    : file_(file),
      keys_(file, architecture),
      norms_(norms),
      shape_(ReadShape(file, keys_, norms)),
      g_(file, std::string(architecture)),
      query_width_(shape_.heads * shape_.head_length),
      key_width_(shape_.kv_heads * shape_.head_length),
      x_(g_.Value("x", shape_.embedding)),
      h_(g_.Value("h", shape_.embedding)) {}

std::string Decoder::Name(std::string_view step) const {
  return layer_ + std::string(step);
}

ValueId Decoder::Value(const std::string& name, uint64_t width) {
  const auto [it, is_new] = values_.try_emplace(name);
  if (is_new) it->second = g_.Value(name, width);
  return it->second;
}

void Decoder::SelectRows(std::vector<ValueId> alive) {
  if (last_layer_) g_.Add("select", SelectStep{std::move(alive)});
}

uint32_t Decoder::AddCache(CacheLayer cache) {
  cache_.push_back(cache);
  return static_cast<uint32_t>(cache_.size() - 1);
}

ValueId Decoder::Lazy(std::optional<ValueId>* value, std::string name,
                      uint64_t width) {
  if (!*value) *value = g_.Value(std::move(name), width);
  return **value;
}

RopePairs Decoder::ReorderedPairs() const {
  return file_.rotary_order() == RotaryOrder::kHalves ? RopePairs::kHalves
                                                      : RopePairs::kAdjacent;
}

void Decoder::Embed() {
  const TensorId table =
      g_.Tensor("token_embd.weight", {shape_.embedding, shape_.vocabulary});
  g_.Add("token_embd", EmbedStep{table, x_});
}

void Decoder::BeginLayer(uint64_t layer) {
  layer_ = fmt::format("blk.{}.", layer);
  feed_forward_ = shape_.feed_forward[layer];
  last_layer_ = layer + 1 == shape_.layers;
}

void Decoder::AddNorm(const std::string& name, ValueId in, ValueId out) {
  g_.Add(
      name,
      NormStep{.in = in,
               .weight = g_.Tensor(name + ".weight", {shape_.embedding}),
               .epsilon = shape_.epsilon,
               .out = out,
               .kind = norms_,
               .bias = g_.OptionalTensor(name + ".bias", {shape_.embedding})});
}

void Decoder::Norm(std::string_view name) { AddNorm(Name(name), x_, h_); }

void Decoder::PostNorm(std::string_view name) { AddNorm(Name(name), h_, h_); }

void Decoder::Norm(std::string_view name, ValueId from, ValueId to) {
  AddNorm(Name(name), from, to);
}

void Decoder::NormHeads(const AttentionOptions& options) {
  if (options.head_norm == HeadNorm::kNone) return;
  const bool whole = options.head_norm == HeadNorm::kWhole;
  for (const auto& [tensor, value, heads] :
       {std::tuple("attn_q_norm", *query_, shape_.heads),
        std::tuple("attn_k_norm", *key_, shape_.kv_heads)}) {
    NormStep step{.in = value,
                  .weight = std::nullopt,
                  .epsilon = shape_.epsilon,
                  .out = value,
                  .kind = norms_,
                  .groups = whole ? 1 : heads};
    const uint64_t length = shape_.head_length;
    std::vector<uint64_t> weights = {length};
    if (whole) weights = {heads * length};
    if (options.head_norm == HeadNorm::kOwn) weights = {length, heads};
    if (options.head_norm != HeadNorm::kPlain) {
      step.weight = g_.Tensor(Name(tensor) + ".weight", weights);
    }
    g_.Add(Name(tensor), step);
  }
}

void Decoder::RotateHeads(const AttentionOptions& options) {
  if (!options.rope) return;
  g_.Add(Name("rope_q"), RopeStep{*query_, shape_.heads, shape_.head_length,
                                  *options.rope, options.pairs});
  g_.Add(Name("rope_k"), RopeStep{*key_, shape_.kv_heads, shape_.head_length,
                                  *options.rope, options.pairs});
}

// Of each head's rows of attn_q the first half is the query's.
void Decoder::ProjectGatedHeads(ValueId from) {
  const ValueId fused = Value("query_gate", 2 * query_width_);
  const Cut by_head{CutAxis::kOutput, shape_.head_length};
  const Cut by_group{CutAxis::kOutput, 2 * query_width_ / shape_.kv_heads};
  g_.Add(Name("attn_qkv"),
         LinearStep{from,
                    {g_.Linear(Name("attn_q"), shape_.embedding,
                               2 * query_width_, by_group, fused),
                     g_.Linear(Name("attn_k"), shape_.embedding, key_width_,
                               by_head, *key_),
                     g_.Linear(Name("attn_v"), shape_.embedding, key_width_,
                               by_head, *value_)}});
  uint64_t begin = 0;
  for (const ValueId part : {*query_, Value("attn_gate", query_width_)}) {
    g_.Add(Name("attn_split"), CopyStep{.in = fused,
                                        .in_begin = begin,
                                        .in_stride = 2 * shape_.head_length,
                                        .out = part,
                                        .out_begin = 0,
                                        .out_stride = shape_.head_length,
                                        .length = shape_.head_length,
                                        .groups = shape_.heads});
    begin += shape_.head_length;
  }
}

void Decoder::ProjectHeads(ValueId from, bool gated) {
  const ValueId query = Lazy(&query_, "query", query_width_);
  const ValueId key = Lazy(&key_, "key", key_width_);
  const ValueId value = Lazy(&value_, "value", key_width_);
  if (gated) return ProjectGatedHeads(from);
  if (file_.FindTensor(Name("attn_qkv.weight")) != nullptr) {
    const LinearPart fused =
        g_.Linear(Name("attn_qkv"), shape_.embedding,
                  query_width_ + 2 * key_width_, {}, query);
    g_.Add(Name("attn_qkv"),
           LinearStep{
               from,
               {fused,
                {fused.weight, fused.bias, key, query_width_},
                {fused.weight, fused.bias, value, query_width_ + key_width_}}});
    return;
  }
  // Query heads that read the same key head stay together.
  const Cut by_head{CutAxis::kOutput, shape_.head_length};
  const Cut by_group{CutAxis::kOutput, query_width_ / shape_.kv_heads};
  g_.Add(Name("attn_qkv"),
         LinearStep{from,
                    {g_.Linear(Name("attn_q"), shape_.embedding, query_width_,
                               by_group, query),
                     g_.Linear(Name("attn_k"), shape_.embedding, key_width_,
                               by_head, key),
                     g_.Linear(Name("attn_v"), shape_.embedding, key_width_,
                               by_head, value)}});
}

std::vector<uint64_t> Decoder::Windows(uint64_t period) const {
  const uint64_t window = keys_.CountOrNone("attention.sliding_window");
  const std::vector<bool> slides = keys_.Flags(
      "attention.sliding_window_pattern", shape_.layers,
      [period](uint64_t i) { return period == 0 || (i + 1) % period != 0; });
  std::vector<uint64_t> windows;
  for (const bool slide : slides) windows.push_back(slide ? window : 0);
  return windows;
}

void Decoder::Attention(const AttentionOptions& options,
                        std::optional<ValueId> from,
                        std::optional<ValueId> to) {
  ProjectHeads(from.value_or(h_), options.gated);
  const ValueId query = *query_;
  if (!options.norm_behind_rope) NormHeads(options);
  RotateHeads(options);
  if (options.norm_behind_rope) NormHeads(options);
  if (options.sharpen_rate > 0) {
    g_.Add(Name("attn_sharpen"),
           PositionScaleStep{query, options.sharpen_rate,
                             options.sharpen_length, options.sharpen_offset});
  }
  const double scale =
      options.scale > 0
          ? options.scale
          : 1 / std::sqrt(static_cast<double>(shape_.head_length));
  if (keys_.Count("attention.value_length", shape_.head_length) !=
      shape_.head_length) {
    throw Error::Unsupported(
        "keys and values of different lengths are not supported")
        .In(file_.path());
  }
  AttentionStep step{
      .layer = AddCache({shape_.heads, shape_.kv_heads, shape_.head_length}),
      .query = query,
      .key = *key_,
      .value = *value_,
      .out = query,
      .scale = scale,
      .soft_cap = options.soft_cap,
      .window = options.window,
      .chunk = options.chunk};
  if (options.sinks) {
    step.sinks = g_.Tensor(Name("attn_sinks.weight"), {shape_.heads});
  }
  g_.Add(Name("attention"), step);
  std::vector<ValueId> alive = {x_, h_, query};
  if (options.gated) alive.push_back(Value("attn_gate", query_width_));
  SelectRows(std::move(alive));
  if (options.gated) {
    g_.Add(Name("attn_gate"),
           ActivateStep{Activation::kSigmoid, Value("attn_gate", query_width_),
                        query, query});
  }
  const Cut from_group{CutAxis::kInput, query_width_ / shape_.kv_heads};
  g_.Add(
      Name("attn_output"),
      LinearStep{query,
                 {g_.Linear(Name("attn_output"), query_width_, shape_.embedding,
                            from_group, to.value_or(h_))}});
}

void Decoder::FeedForward(Activation activation, std::optional<ValueId> from) {
  const uint64_t width = feed_forward_;
  const ValueId gate = Hidden("gate");
  const ValueId up = Hidden("up");
  const Cut by_output{CutAxis::kOutput, 1};
  std::vector<LinearPart> parts;
  if (file_.FindTensor(Name("ffn_gate.weight")) != nullptr) {
    parts = {
        g_.Linear(Name("ffn_gate"), shape_.embedding, width, by_output, gate),
        g_.Linear(Name("ffn_up"), shape_.embedding, width, by_output, up)};
  } else {
    parts = {g_.Linear(Name("ffn_up"), shape_.embedding, 2 * width, {}, gate)};
    parts.push_back({parts[0].weight, parts[0].bias, up, width});
  }
  g_.Add(Name("ffn_gate_up"), LinearStep{from.value_or(h_), std::move(parts)});
  g_.Add(Name("ffn_act"), ActivateStep{activation, gate, up, gate});
  Down();
}

void Decoder::UngatedFeedForward(Activation activation,
                                 const ActivationParameters& parameters) {
  const ValueId up = Hidden("gate");
  g_.Add(Name("ffn_up"),
         LinearStep{h_,
                    {g_.Linear(Name("ffn_up"), shape_.embedding, feed_forward_,
                               {CutAxis::kOutput, 1}, up)}});
  g_.Add(Name("ffn_act"),
         ActivateStep{activation, up, std::nullopt, up, parameters});
  Down();
}

ValueId Decoder::Hidden(const char* name) {
  return Value(fmt::format("{}_{}", name, feed_forward_), feed_forward_);
}

void Decoder::Down() {
  g_.Add(Name("ffn_down"),
         LinearStep{Hidden("gate"),
                    {g_.Linear(Name("ffn_down"), feed_forward_,
                               shape_.embedding, {CutAxis::kInput, 1}, h_)}});
}

void Decoder::SetLogits(double scale, double cap) {
  logit_scale_ = scale;
  logit_cap_ = cap;
}

void Decoder::Add(std::optional<ValueId> value) {
  g_.Add(Name("add"), AddStep{value.value_or(h_), x_});
}

void Decoder::Scale(std::string_view name, ValueId value, double factor) {
  if (factor != 1) g_.Add(Name(name), ScaleStep{value, factor});
}

Graph Decoder::Finish(const std::string& norm) {
  if (keys_.CountOrNone("expert_count") > 0 && !routes_) {
    throw Error::Format(
        fmt::format("key {} is {}, but no layer has a router, a tensor "
                    "ffn_gate_inp.weight",
                    keys_.FullKey("expert_count"), keys_.Count("expert_count")))
        .In(file_.path());
  }
  AddNorm(norm, x_, h_);
  const TensorId table =
      g_.Tensor("token_embd.weight", {shape_.embedding, shape_.vocabulary});
  const TensorId head =
      g_.OptionalTensor("output.weight", {shape_.embedding, shape_.vocabulary},
                        {CutAxis::kOutput, 1})
          .value_or(table);
  const std::optional<TensorId> bias =
      g_.OptionalTensor("output.bias", {shape_.vocabulary});
  Graph graph = g_.Take();
  graph.vocabulary = shape_.vocabulary;
  graph.embedding = shape_.embedding;
  graph.trained_context = shape_.context;
  graph.cache = std::move(cache_);
  graph.hidden = h_;
  graph.head = head;
  graph.head_bias = bias;
  graph.logit_scale = logit_scale_;
  graph.logit_cap = logit_cap_;
  return graph;
}

}  // namespace fullstop
