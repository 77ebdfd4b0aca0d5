#include "model/llama.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "base/error.h"
#include "model/graph_builder.h"
#include "model/keys.h"

namespace fullstop {
namespace {

constexpr std::string_view kArchitecture = "llama";

struct Parameters {
  uint64_t layers;
  uint64_t embedding;
  uint64_t feed_forward;
  uint64_t heads;
  uint64_t kv_heads;
  uint64_t head_length;
  uint64_t context;
  double epsilon;
};

Parameters ReadParameters(const ModelFile& file, const ModelKeys& keys) {
  const auto unsupported = [&](std::string what) {
    return Error::Unsupported(std::move(what)).In(file.path());
  };
  Parameters p{};
  p.layers = keys.Count("block_count");
  p.embedding = keys.Count("embedding_length");
  p.feed_forward = keys.Count("feed_forward_length");
  p.heads = keys.Count("attention.head_count");
  p.kv_heads = keys.Count("attention.head_count_kv", p.heads);
  p.head_length = keys.Count("attention.key_length", p.embedding / p.heads);
  p.context = keys.Count("context_length");
  p.epsilon = keys.Positive("attention.layer_norm_rms_epsilon");

  if (p.heads % p.kv_heads != 0) {
    throw Error::Format(fmt::format("{} heads can't share {} key heads evenly",
                                    p.heads, p.kv_heads))
        .In(file.path());
  }
  if (const uint64_t experts = keys.CountOrNone("expert_count"); experts > 0) {
    throw unsupported(fmt::format(
        "the model is a mixture of {} experts, which is not supported",
        experts));
  }
  if (keys.Count("attention.value_length", p.head_length) != p.head_length) {
    throw unsupported("keys and values of different lengths are not supported");
  }
  const uint64_t window = keys.CountOrNone("attention.sliding_window");
  if (window > 0 && window < p.context) {
    throw unsupported(fmt::format(
        "the model attends through a sliding window of {} positions, which is "
        "not supported",
        window));
  }
  return p;
}

// Files may pad the table past the tokenizer's vocabulary.
uint64_t ReadVocabulary(const ModelFile& file) {
  const ModelTensor* table = file.FindTensor("token_embd.weight");
  if (table == nullptr || table->shape.size() != 2 || table->shape[1] == 0) {
    throw Error::Format("the file has no matrix token_embd.weight")
        .In(file.path());
  }
  return table->shape[1];
}

RopeSpec ReadRope(const ModelFile& file, const ModelKeys& keys,
                  const Parameters& p, GraphBuilder& g) {
  RopeSpec rope;
  rope.rotated = keys.Count("rope.dimension_count", p.head_length);
  rope.base = keys.Positive("rope.freq_base", 10000.0);
  if (rope.rotated % 2 != 0 || rope.rotated > p.head_length) {
    throw Error::Format(
        fmt::format("key {} is {}, but must be even and no more "
                    "than the head length, {}",
                    keys.FullKey("rope.dimension_count"), rope.rotated,
                    p.head_length))
        .In(file.path());
  }
  rope.factors = g.OptionalTensor("rope_freqs.weight", {rope.rotated / 2});

  const std::string_view type =
      keys.Text("rope.scaling.type").value_or("linear");
  if (type == "none") return rope;
  // Files from before rope.scaling.factor have rope.scale_linear.
  rope.factor = keys.Positive("rope.scaling.factor",
                              keys.Positive("rope.scale_linear", 1.0));
  rope.magnitude = keys.Positive("rope.scaling.attn_factor", 1.0);
  if (type == "linear") {
    rope.scaling = RopeSpec::Scaling::kLinear;
  } else if (type == "yarn") {
    rope.scaling = RopeSpec::Scaling::kYarn;
    rope.original_context = static_cast<double>(
        keys.Count("rope.scaling.original_context_length", p.context));
    rope.beta_fast = keys.Positive("rope.scaling.yarn_beta_fast", 32.0);
    rope.beta_slow = keys.Positive("rope.scaling.yarn_beta_slow", 1.0);
    if (rope.factor > 1) rope.magnitude *= 1 + 0.1 * std::log(rope.factor);
  } else {
    throw Error::Unsupported(
        fmt::format("rope scaling of type \"{}\" is not supported", type))
        .In(file.path())
        .Advice("known are none, linear and yarn");
  }
  return rope;
}

// The activations, and the layers that pass them on.
class Llama {
 public:
  Llama(const Parameters& parameters, RopeId rope, GraphBuilder& builder)
      : p_(parameters), rope_(rope), g_(builder) {}

  void Embed(TensorId table) { g_.Add("token_embd", EmbedStep{table, x_}); }

  void Norm(const std::string& name) {
    const TensorId weight = g_.Tensor(name + ".weight", {p_.embedding});
    g_.Add(name, NormStep{x_, weight, p_.epsilon, h_});
  }

  void Attention(const std::string& blk, uint32_t layer) {
    Norm(blk + "attn_norm");
    g_.Add(blk + "attn_qkv",
           LinearStep{h_,
                      {g_.Linear(blk + "attn_q", p_.embedding, query_width_,
                                 by_group_, query_),
                       g_.Linear(blk + "attn_k", p_.embedding, key_width_,
                                 by_head_, key_),
                       g_.Linear(blk + "attn_v", p_.embedding, key_width_,
                                 by_head_, value_)}});
    g_.Add(blk + "rope_q", RopeStep{query_, p_.heads, p_.head_length, rope_});
    g_.Add(blk + "rope_k", RopeStep{key_, p_.kv_heads, p_.head_length, rope_});
    g_.Add(blk + "attention",
           AttentionStep{layer, query_, key_, value_, query_, scale_});
    if (layer + 1 == p_.layers) g_.Add("select", SelectStep{{x_, query_}});
    g_.Add(blk + "attn_output",
           LinearStep{query_,
                      {g_.Linear(blk + "attn_output", query_width_,
                                 p_.embedding, from_group_, h_)}});
    g_.Add(blk + "attn_add", AddStep{h_, x_});
  }

  void FeedForward(const std::string& blk) {
    Norm(blk + "ffn_norm");
    g_.Add(blk + "ffn_gate_up",
           LinearStep{h_,
                      {g_.Linear(blk + "ffn_gate", p_.embedding,
                                 p_.feed_forward, by_output_, gate_),
                       g_.Linear(blk + "ffn_up", p_.embedding, p_.feed_forward,
                                 by_output_, up_)}});
    g_.Add(blk + "ffn_swiglu",
           ActivateStep{Activation::kSilu, gate_, up_, gate_});
    g_.Add(blk + "ffn_down",
           LinearStep{gate_,
                      {g_.Linear(blk + "ffn_down", p_.feed_forward,
                                 p_.embedding, from_input_, h_)}});
    g_.Add(blk + "ffn_add", AddStep{h_, x_});
  }

  ValueId hidden() const { return h_; }

 private:
  const Parameters& p_;
  const RopeId rope_;
  GraphBuilder& g_;

  const uint64_t query_width_ = p_.heads * p_.head_length;
  const uint64_t key_width_ = p_.kv_heads * p_.head_length;
  const double scale_ = 1 / std::sqrt(static_cast<double>(p_.head_length));

  const ValueId x_ = g_.Value("x", p_.embedding);
  const ValueId h_ = g_.Value("h", p_.embedding);
  const ValueId query_ = g_.Value("query", query_width_);
  const ValueId key_ = g_.Value("key", key_width_);
  const ValueId value_ = g_.Value("value", key_width_);
  const ValueId gate_ = g_.Value("gate", p_.feed_forward);
  const ValueId up_ = g_.Value("up", p_.feed_forward);

  // Query heads that read the same key head stay together.
  const Cut by_head_{CutAxis::kOutput, p_.head_length};
  const Cut by_group_{CutAxis::kOutput, query_width_ / p_.kv_heads};
  const Cut from_group_{CutAxis::kInput, query_width_ / p_.kv_heads};
  const Cut by_output_{CutAxis::kOutput, 1};
  const Cut from_input_{CutAxis::kInput, 1};
};

}  // namespace

Graph DescribeLlama(const ModelFile& file) {
  const ModelKeys keys(file, kArchitecture);
  const Parameters p = ReadParameters(file, keys);
  const uint64_t vocabulary = ReadVocabulary(file);

  GraphBuilder g(file, std::string(kArchitecture));
  const TensorId embeddings =
      g.Tensor("token_embd.weight", {p.embedding, vocabulary});
  const TensorId head =
      g.OptionalTensor("output.weight", {p.embedding, vocabulary},
                       {CutAxis::kOutput, 1})
          .value_or(embeddings);

  Llama llama(p, g.Rope(ReadRope(file, keys, p, g)), g);
  llama.Embed(embeddings);
  for (uint64_t layer = 0; layer < p.layers; ++layer) {
    const std::string blk = fmt::format("blk.{}.", layer);
    llama.Attention(blk, static_cast<uint32_t>(layer));
    llama.FeedForward(blk);
  }
  llama.Norm("output_norm");

  Graph graph = g.Take();
  graph.vocabulary = vocabulary;
  graph.embedding = p.embedding;
  graph.trained_context = p.context;
  graph.cache.assign(p.layers, {p.heads, p.kv_heads, p.head_length});
  graph.hidden = llama.hidden();
  graph.head = head;
  return graph;
}

}  // namespace fullstop
