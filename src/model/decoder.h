// The blocks that decoder-only transformers share, as steps of a graph. What
// differs between architectures is which blocks stand in which order, and their
// options: an architecture's file says that.
//
// The activations: X is the residual stream, H what the present block makes of
// it.
#ifndef FULLSTOP_MODEL_DECODER_H_
#define FULLSTOP_MODEL_DECODER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph.h"
#include "model/graph_builder.h"
#include "model/keys.h"
#include "model/model_file.h"

namespace fullstop {

// Read from the keys that all decoders have.
struct DecoderShape {
  uint64_t layers;
  uint64_t embedding;
  std::vector<uint64_t> feed_forward;  // of each layer
  uint64_t heads;
  uint64_t kv_heads;  // the most of a layer
  uint64_t head_length;
  uint64_t context;
  uint64_t vocabulary;
  double epsilon;
};

// Norms of queries and keys: tensors attn_q_norm and attn_k_norm.
enum class HeadNorm {
  kNone,
  kEach,   // of each head by itself, with one weight for all heads
  kOwn,    // of each head by itself, with weights of its own
  kWhole,  // of all heads together
  kPlain,  // of each head by itself, without weights
};

struct AttentionOptions {
  // None: the layer knows no positions.
  std::optional<RopeId> rope = std::nullopt;
  RopePairs pairs = RopePairs::kHalves;
  HeadNorm head_norm = HeadNorm::kNone;
  bool norm_behind_rope = false;
  // Of the scores. 0: 1 / sqrt(head length).
  double scale = 0;
  // See AttentionStep; of sinks the tensor is attn_sinks.
  double soft_cap = 0;
  uint64_t window = 0;
  uint64_t chunk = 0;
  bool sinks = false;
  // Behind each head's query, attn_q has a gate; the head's result is
  // multiplied by its sigmoid.
  bool gated = false;
  // Queries far into the text are sharper: see PositionScaleStep. RATE 0: no.
  double sharpen_rate = 0;
  double sharpen_length = 0;
  double sharpen_offset = 0;
};

// How a mixture's router makes weights; numbers come from the keys expert_*,
// these are what stands for keys that are missing. See RouteStep.
struct MixtureOptions {
  // What the router reads. None: what the experts do.
  std::optional<ValueId> router_input = std::nullopt;
  RouteStep::Score score = RouteStep::Score::kSoftmax;
  bool normalise = true;
  double epsilon = 0;
  uint64_t ranked = 2;
  bool weigh_input = false;
  Activation activation = Activation::kSilu;
  ActivationParameters parameters = {};
};

// One thread. FILE must outlive the object, not the graph. All throw Error
// (kFormat) naming the key or tensor that is missing or does not fit.
class Decoder {
 public:
  Decoder(const ModelFile& file, std::string_view architecture,
          NormStep::Kind norms = NormStep::Kind::kRms);

  // For blocks that are not among those below: a name of the present layer, a
  // value declared once, H where a row's result is wanted alone (call it in the
  // last layer behind what reads a cache or a state).
  std::string Name(std::string_view step) const;
  ValueId Value(const std::string& name, uint64_t width);
  void SelectRows(std::vector<ValueId> alive);
  uint32_t AddCache(CacheLayer cache);

  const DecoderShape& shape() const { return shape_; }
  const ModelKeys& keys() const { return keys_; }
  GraphBuilder& builder() { return g_; }
  ValueId x() const { return x_; }
  ValueId h() const { return h_; }

  // The pairs of the rotary embedding where GGUF's files of the architecture
  // hold q and k reordered.
  RopePairs ReorderedPairs() const;
  // The rotary embedding that the keys rope.* describe; BASE_KEY may name
  // another frequency, of layers with a window.
  RopeId Rope(std::string_view base_key = "rope.freq_base");
  // The same without scaling.
  RopeId PlainRope(std::string_view base_key);

  // X = the token's row.
  void Embed();
  // The steps from here on are of LAYER.
  void BeginLayer(uint64_t layer);
  // H = norm(X), with the weights NAME of the layer.
  void Norm(std::string_view name);
  // H = norm(H)
  void PostNorm(std::string_view name);
  // TO = norm(FROM)
  void Norm(std::string_view name, ValueId from, ValueId to);
  // Of each layer the window of its attention, 0 for none: the key
  // attention.sliding_window, in the layers that ..._pattern tells. Where that
  // key is missing, every PERIOD-th layer sees all; 0: none does.
  std::vector<uint64_t> Windows(uint64_t period) const;
  // TO = attention(FROM); both are H where they aren't given, here and below.
  void Attention(const AttentionOptions& options,
                 std::optional<ValueId> from = std::nullopt,
                 std::optional<ValueId> to = std::nullopt);
  // H = down(ACTIVATION(gate(FROM)) * up(FROM)), of the tensors ffn_*; where
  // ffn_gate is missing, ffn_up holds both, the gate first.
  void FeedForward(Activation activation = Activation::kSilu,
                   std::optional<ValueId> from = std::nullopt);
  // H = down(ACTIVATION(up(H)))
  void UngatedFeedForward(Activation activation,
                          const ActivationParameters& parameters);
  // The mixture of experts of H, of the tensors ffn_*_exps, ffn_gate_up_exps
  // for two of them, and of ffn_*_shexp where the layer has them: experts that
  // every token passes. Returns the result; H is overwritten.
  ValueId Mixture(const MixtureOptions& options);
  // X += that, where the layer has a router, else X += feed forward of H.
  void AddMixtureOrFeedForward(const MixtureOptions& options, double scale = 1);
  // X += VALUE, H where it isn't given.
  void Add(std::optional<ValueId> value = std::nullopt);
  void Scale(std::string_view name, ValueId value, double factor);
  // See Graph.
  void SetLogits(double scale, double cap);

  // The last norm and the head.
  Graph Finish(const std::string& norm = "output_norm");

 private:
  void AddNorm(const std::string& name, ValueId in, ValueId out);
  ValueId Route(const MixtureOptions& options);
  ExpertPart Expert(std::string_view name, uint64_t input, uint64_t output);
  void SharedExpert(Activation activation);
  void ProjectHeads(ValueId from, bool gated);
  void ProjectGatedHeads(ValueId from);
  // The layer's value of its feed forward's width.
  ValueId Hidden(const char* name);
  void Down();
  void NormHeads(const AttentionOptions& options);
  void RotateHeads(const AttentionOptions& options);
  RopeSpec ReadRope(std::string_view base_key);
  void ReadRopeScaling(RopeSpec* rope);
  ValueId Lazy(std::optional<ValueId>* value, std::string name, uint64_t width);

  const ModelFile& file_;
  const ModelKeys keys_;
  const NormStep::Kind norms_;
  const DecoderShape shape_;
  GraphBuilder g_;
  std::string layer_;
  uint64_t feed_forward_ = 0;
  bool last_layer_ = false;
  double logit_scale_ = 1;
  double logit_cap_ = 0;
  std::vector<CacheLayer> cache_;
  std::map<std::string, ValueId> values_;

  const uint64_t query_width_;
  const uint64_t key_width_;
  const ValueId x_;
  const ValueId h_;
  std::optional<ValueId> query_;
  std::optional<ValueId> key_;
  std::optional<ValueId> value_;
  std::optional<ValueId> routes_;
  std::optional<ValueId> mixture_;
  std::optional<ValueId> router_;
  std::optional<ValueId> shared_gate_;
  std::optional<ValueId> shared_up_;
  std::optional<ValueId> shared_weight_;
  std::optional<ValueId> shared_weights_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_DECODER_H_
