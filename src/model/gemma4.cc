// Gemma 4: Gemma 3 whose layers differ in more than the window. Those that see
// all have longer heads, of which a part turns, and may take their keys for
// values; the last layers may read the keys and values of earlier ones. A layer
// may add an embedding of its own, and a mixture beside its feed forward.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/architecture.h"
#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {
namespace {

constexpr Activation kActivation = Activation::kGeluTanh;

double RootOf(uint64_t number) {
  return std::sqrt(static_cast<double>(number));
}

// A layer's attention.
struct Layer {
  uint64_t window;  // 0: sees all
  uint64_t head_length;
  RopeId rope;
  CacheLayer shape;
  uint32_t cache;
  bool fills;  // the cache; else an earlier layer has filled it
};

std::vector<Layer> ReadLayers(Decoder& d, const std::string& path) {
  const ModelKeys& keys = d.keys();
  const DecoderShape& shape = d.shape();
  const std::vector<uint64_t> windows = d.Windows(6);
  const std::vector<uint64_t> kv_heads =
      keys.Counts("attention.head_count_kv", shape.layers, shape.heads);
  const uint64_t readers = keys.CountOrNone("attention.shared_kv_layers");
  const uint64_t local = keys.Count("attention.key_length_swa");
  const RopeId rope = d.Rope();
  const RopeId local_rope = d.builder().Rope(
      {.rotated = keys.Count("rope.dimension_count_swa", local),
       .base = keys.Positive("rope.freq_base_swa", 10000.0)});
  // The last one of the layers that see all, and of those with a window.
  std::array<std::optional<uint32_t>, 2> filled;
  std::vector<Layer> layers;
  for (uint64_t i = 0; i < shape.layers; ++i) {
    const bool slides = windows[i] > 0;
    Layer layer{.window = windows[i],
                .head_length = slides ? local : shape.head_length,
                .rope = slides ? local_rope : rope,
                .shape = {},
                .cache = 0,
                .fills = i + readers < shape.layers};
    layer.shape = {shape.heads, kv_heads[i], layer.head_length};
    if (layer.fills) filled[slides] = d.AddCache(layer.shape);
    if (!filled[slides]) {
      throw Error::Format(
          fmt::format("layer {} reads a cache that no layer before it fills "
                      "(key {})",
                      i, keys.FullKey("attention.shared_kv_layers")))
          .In(path);
    }
    layer.cache = *filled[slides];
    layers.push_back(layer);
  }
  return layers;
}

// Of each head by itself.
NormStep HeadNormStep(const Decoder& d, ValueId value, uint64_t heads,
                      std::optional<TensorId> weight) {
  return {.in = value,
          .weight = weight,
          .epsilon = d.shape().epsilon,
          .out = value,
          .groups = heads};
}

struct KeyValue {
  ValueId key;
  ValueId value;
};

// Normed, and the keys turned.
KeyValue KeysAndValues(Decoder& d, const Layer& a) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const uint64_t heads = a.shape.kv_heads;
  const uint64_t width = heads * a.head_length;
  const Cut by_head{CutAxis::kOutput, a.head_length};
  const KeyValue kv{d.Value(fmt::format("key_{}", width), width),
                    d.Value(fmt::format("value_{}", width), width)};
  LinearStep step{
      d.h(), {g.Linear(d.Name("attn_k"), embedding, width, by_head, kv.key)}};
  const bool own_values =
      g.OptionalTensor(d.Name("attn_v.weight"), {embedding, width}, by_head)
          .has_value();
  if (own_values) {
    step.parts.push_back(
        g.Linear(d.Name("attn_v"), embedding, width, by_head, kv.value));
  }
  g.Add(d.Name("attn_kv"), std::move(step));
  if (!own_values) {
    g.Add(d.Name("attn_v"), CopyStep{.in = kv.key,
                                     .in_begin = 0,
                                     .in_stride = width,
                                     .out = kv.value,
                                     .out_begin = 0,
                                     .out_stride = width,
                                     .length = width});
  }
  g.Add(d.Name("attn_k_norm"),
        HeadNormStep(d, kv.key, heads,
                     g.Tensor(d.Name("attn_k_norm.weight"), {a.head_length})));
  g.Add(d.Name("attn_v_norm"), HeadNormStep(d, kv.value, heads, std::nullopt));
  g.Add(d.Name("rope_k"),
        RopeStep{kv.key, heads, a.head_length, a.rope, RopePairs::kHalves});
  return kv;
}

// H = attention(H). ALIVE are the values that the steps behind it use, where
// no cache is filled any more.
void Attention(Decoder& d, const Layer& a,
               std::optional<std::vector<ValueId>> alive) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const uint64_t heads = a.shape.heads;
  const uint64_t width = heads * a.head_length;
  const Cut by_head{CutAxis::kOutput, a.head_length};
  const ValueId query = d.Value(fmt::format("query_{}", width), width);
  g.Add(d.Name("attn_q"), LinearStep{d.h(),
                                     {g.Linear(d.Name("attn_q"), embedding,
                                               width, by_head, query)}});
  g.Add(d.Name("attn_q_norm"),
        HeadNormStep(d, query, heads,
                     g.Tensor(d.Name("attn_q_norm.weight"), {a.head_length})));
  g.Add(d.Name("rope_q"),
        RopeStep{query, heads, a.head_length, a.rope, RopePairs::kHalves});
  AttentionStep step{.layer = a.cache,
                     .query = query,
                     .key = std::nullopt,
                     .value = std::nullopt,
                     .out = query,
                     .scale = 1,
                     .window = a.window};
  if (a.fills) {
    const KeyValue kv = KeysAndValues(d, a);
    step.key = kv.key;
    step.value = kv.value;
  }
  g.Add(d.Name("attention"), step);
  if (alive) {
    alive->push_back(query);
    g.Add("select", SelectStep{std::move(*alive)});
  }
  g.Add(d.Name("attn_output"),
        LinearStep{query,
                   {g.Linear(d.Name("attn_output"), width, embedding,
                             {CutAxis::kInput, a.head_length}, d.h())}});
}

// H = norm(H) + norm(mixture of X)
void AddMixture(Decoder& d) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const ValueId dense = d.Value("dense", embedding);
  const ValueId router_input = d.Value("router_input", embedding);
  d.Norm("post_ffw_norm_1", d.h(), dense);
  g.Add(d.Name("ffn_gate_inp_norm"),
        NormStep{.in = d.x(),
                 .weight = g.Tensor(d.Name("ffn_gate_inp.scale"), {embedding}),
                 .epsilon = d.shape().epsilon,
                 .out = router_input});
  d.Scale("ffn_gate_inp_scale", router_input, 1 / RootOf(embedding));
  d.Norm("pre_ffw_norm_2");
  const ValueId mixture =
      d.Mixture({.router_input = router_input, .activation = kActivation});
  d.Norm("post_ffw_norm_2", mixture, d.h());
  g.Add(d.Name("ffn_dense_add"), AddStep{dense, d.h()});
}

// The layers' own embeddings, LENGTH numbers for each: the token's, and what is
// made of X.
ValueId EmbedLayers(Decoder& d, uint64_t length) {
  GraphBuilder& g = d.builder();
  const DecoderShape& shape = d.shape();
  const uint64_t width = length * shape.layers;
  const ValueId of_token = d.Value("per_layer_token", width);
  const ValueId own = d.Value("per_layer", width);
  g.Add("per_layer_token_embd",
        EmbedStep{
            g.Tensor("per_layer_token_embd.weight", {width, shape.vocabulary}),
            of_token, false});
  d.Scale("per_layer_token_scale", of_token, RootOf(length));
  g.Add("per_layer_model_proj",
        LinearStep{d.x(),
                   {g.Linear("per_layer_model_proj", shape.embedding, width, {},
                             own)}});
  d.Scale("per_layer_model_scale", own, 1 / RootOf(shape.embedding));
  g.Add("per_layer_proj_norm",
        NormStep{.in = own,
                 .weight = g.Tensor("per_layer_proj_norm.weight", {length}),
                 .epsilon = shape.epsilon,
                 .out = own,
                 .groups = shape.layers});
  g.Add("per_layer_add", AddStep{of_token, own});
  d.Scale("per_layer_scale", own, 1 / RootOf(2));
  return own;
}

// X += norm(proj(gate(X) * the layer's part of OWN))
void AddOwnEmbedding(Decoder& d, uint64_t layer, uint64_t length, ValueId own) {
  GraphBuilder& g = d.builder();
  const uint64_t embedding = d.shape().embedding;
  const ValueId part = d.Value("per_layer_part", length);
  const ValueId gate = d.Value("per_layer_gate", length);
  g.Add(d.Name("per_layer_part"), CopyStep{.in = own,
                                           .in_begin = layer * length,
                                           .in_stride = length,
                                           .out = part,
                                           .out_begin = 0,
                                           .out_stride = length,
                                           .length = length});
  g.Add(
      d.Name("inp_gate"),
      LinearStep{d.x(),
                 {g.Linear(d.Name("inp_gate"), embedding, length, {}, gate)}});
  g.Add(d.Name("inp_act"), ActivateStep{kActivation, gate, part, gate});
  g.Add(d.Name("proj"),
        LinearStep{gate,
                   {g.Linear(d.Name("proj"), length, embedding, {}, d.h())}});
  d.PostNorm("post_norm");
  g.Add(d.Name("per_layer_add"), AddStep{d.h(), d.x()});
}

Graph Describe(const ModelFile& file) {
  Decoder d(file, "gemma4");
  GraphBuilder& g = d.builder();
  const ModelKeys& keys = d.keys();
  const std::vector<Layer> layers = ReadLayers(d, file.path());
  const uint64_t own_length =
      keys.CountOrNone("embedding_length_per_layer_input");
  const bool mixture = keys.CountOrNone("expert_count") > 0;
  d.SetLogits(1, keys.Number("final_logit_softcapping", 0));
  d.Embed();
  d.Scale("embedding_scale", d.x(), RootOf(d.shape().embedding));
  std::optional<ValueId> own;
  if (own_length > 0) own = EmbedLayers(d, own_length);
  for (uint64_t i = 0; i < layers.size(); ++i) {
    d.BeginLayer(i);
    d.Norm("attn_norm");
    std::optional<std::vector<ValueId>> alive;
    if (layers[i].fills && (i + 1 == layers.size() || !layers[i + 1].fills)) {
      alive = {d.x()};
      if (own) alive->push_back(*own);
    }
    Attention(d, layers[i], std::move(alive));
    d.PostNorm("post_attention_norm");
    d.Add();
    d.Norm("ffn_norm");
    d.FeedForward(kActivation);
    if (mixture) AddMixture(d);
    d.PostNorm("post_ffw_norm");
    d.Add();
    if (own) AddOwnEmbedding(d, i, own_length, *own);
    if (const auto scale =
            g.OptionalTensor(d.Name("layer_output_scale.weight"), {1})) {
      g.Add(d.Name("layer_output_scale"), ScaleStep{d.x(), 1, scale});
    }
  }
  return d.Finish();
}

// --- Folders -----------------------------------------------------------------

// A field of the attention of layers that see all: in files of transformers 5
// among the fields of the first of them.
uint64_t GlobalCount(const FolderReader& f, const std::vector<bool>& slides,
                     const char* field, const char* published,
                     uint64_t fallback) {
  const auto& layers = f.Field("per_layer_config");
  if (!layers.is_object()) return f.Count(published, fallback);
  std::optional<uint64_t> value;
  for (size_t i = 0; i < slides.size(); ++i) {
    if (slides[i]) continue;
    uint64_t own = f.Count(field);
    if (const auto layer = layers.find(std::to_string(i));
        layer != layers.end() && layer->contains(field)) {
      const auto& given = layer->at(field);
      if (!given.is_number_unsigned()) {
        f.ThrowUnsupported("field \"per_layer_config\" has no whole numbers");
      }
      own = given.get<uint64_t>();
    }
    if (value && *value != own) {
      f.ThrowUnsupported("layers that see all with heads that differ");
    }
    value = own;
  }
  return value.value_or(fallback);
}

void ReadLayerKeys(FolderReader& f) {
  const uint64_t layers = f.Count("num_hidden_layers");
  f.SetWindows(6, 512);
  std::vector<bool> slides =
      f.LayersOfType("sliding_attention").value_or(std::vector<bool>());
  if (layers == 0) f.ThrowUnsupported("a model without layers");
  for (uint64_t i = slides.size(); i < layers; ++i) {
    slides.push_back((i + 1) % 6 != 0);
  }
  slides.resize(layers);
  slides.back() = false;
  f.SetFlags("attention.sliding_window_pattern", slides);
  const uint64_t local = f.Count("head_dim", 256);
  const uint64_t length =
      GlobalCount(f, slides, "head_dim", "global_head_dim", 512);
  f.SetCount("attention.key_length", length);
  f.SetCount("attention.value_length", length);
  f.SetCount("attention.key_length_swa", local);
  f.SetCount("attention.value_length_swa", local);
  const uint64_t kv_heads = f.Count("num_key_value_heads");
  uint64_t global = kv_heads;
  if (f.Flag("attention_k_eq_v", false)) {
    global = GlobalCount(f, slides, "num_key_value_heads",
                         "num_global_key_value_heads", kv_heads);
  }
  if (global != kv_heads) {
    std::vector<uint64_t> each;
    for (const bool slide : slides) each.push_back(slide ? kv_heads : global);
    f.SetCounts("attention.head_count_kv", each);
  }
  const uint64_t readers = f.Count("num_kv_shared_layers", 0);
  f.SetCount("attention.shared_kv_layers", readers);
  if (readers > 0 && f.Flag("use_double_wide_mlp", false)) {
    std::vector<uint64_t> widths(layers, f.Count("intermediate_size"));
    for (uint64_t i = layers - std::min(readers, layers); i < layers; ++i) {
      widths[i] *= 2;
    }
    f.SetCounts("feed_forward_length", widths);
  }
  const auto rope = f.RopeParameters("sliding_attention");
  if (rope["rope_type"] != "default") {
    f.ThrowUnsupported("rope scaling of layers with a window");
  }
  f.SetNumber("rope.freq_base_swa", rope.value("rope_theta", 10000.0));
  f.SetCount("rope.dimension_count_swa", local);
  f.SetRopeKeys(length,
                {.rope_theta = 1000000, .rope_layers = "full_attention"});
}

constexpr TensorName kNames[] = {
    {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"},
    {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"},
    {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"},
    {"model.layers.{}.layer_scalar", "blk.{}.layer_output_scale.weight"},
    {"model.embed_tokens_per_layer", "per_layer_token_embd"},
    {"model.per_layer_model_projection", "per_layer_model_proj"},
    {"model.per_layer_projection_norm", "per_layer_proj_norm"},
    {"model.layers.{}.per_layer_input_gate", "blk.{}.inp_gate"},
    {"model.layers.{}.per_layer_projection", "blk.{}.proj"},
    {"model.layers.{}.post_per_layer_input_norm", "blk.{}.post_norm"},
    {"model.layers.{}.router.proj", "blk.{}.ffn_gate_inp"},
    {"model.layers.{}.router.scale", "blk.{}.ffn_gate_inp.scale"},
    {"model.layers.{}.router.per_expert_scale", "blk.{}.ffn_down_exps.scale"},
    {"model.layers.{}.experts.gate_up_proj", "blk.{}.ffn_gate_up_exps.weight"},
    {"model.layers.{}.experts.down_proj", "blk.{}.ffn_down_exps.weight"},
    {"model.layers.{}.pre_feedforward_layernorm_2", "blk.{}.pre_ffw_norm_2"},
    {"model.layers.{}.post_feedforward_layernorm_1", "blk.{}.post_ffw_norm_1"},
    {"model.layers.{}.post_feedforward_layernorm_2", "blk.{}.post_ffw_norm_2"}};

void ReadFolder(FolderReader& f) {
  if (!f.Field("rope_parameters").is_object()) {
    f.ThrowUnsupported("field \"rope_parameters\" is missing");
  }
  if (f.Text("use_bidirectional_attention", "") == "all") {
    f.ThrowUnsupported("attention in both directions is not supported");
  }
  f.SetDecoderKeys({.head_length = 256, .rope_layers = "sliding_attention"});
  ReadLayerKeys(f);
  f.AddNames(kDecoderNames);
  f.AddNames(kHeadNormNames);
  f.AddNames(kNames);
  const bool own_embedding =
      !f.Shape("model.embed_tokens_per_layer.weight").empty();
  f.SetCount("embedding_length_per_layer_input",
             own_embedding ? f.Count("hidden_size_per_layer_input", 256) : 0);
  if (const auto cap = f.FindNumber("final_logit_softcapping")) {
    f.SetNumber("final_logit_softcapping", *cap);
  }
  if (f.Flag("enable_moe_block", false)) {
    f.SetExpertKeys();
    f.SetCount("expert_used_count", f.Count("top_k_experts"));
  }
}

}  // namespace

extern const Architecture kGemma4 = {
    .name = "gemma4",
    .model_types = {"gemma4_text", "gemma4", "gemma4_unified_text",
                    "gemma4_unified"},
    .describe = Describe,
    .read_folder = ReadFolder,
};

}  // namespace fullstop
