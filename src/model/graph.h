// A model as data: its tensors, its activations and the steps of its forward
// pass, over handles alone. Whatever computes it (model/cpu_model.h is the one
// for this machine) binds the handles to memory of its own.
#ifndef FULLSTOP_MODEL_GRAPH_H_
#define FULLSTOP_MODEL_GRAPH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kernels/arguments.h"

namespace fullstop {

// Indices into the vectors of a Graph.
enum class TensorId : uint32_t {};
enum class ValueId : uint32_t {};
enum class RopeId : uint32_t {};
enum class StateId : uint32_t {};

// How a tensor may be shared out among machines.
enum class CutAxis {
  kNone,    // every machine holds the whole
  kOutput,  // by rows of a matrix, or elements of its bias: each machine
            // computes a part of the result
  kInput,   // by columns: each computes a term of the result, and the terms are
            // summed across machines before any bias
};

struct Cut {
  CutAxis axis = CutAxis::kNone;
  // So many neighbours along the axis must stay together.
  uint64_t unit = 1;
};

struct TensorSpec {
  std::string name;
  // In GGUF's order: the contiguous dimension first. A matrix [I, O] takes I
  // numbers to O.
  std::vector<uint64_t> shape;
  Cut cut;
};

// An activation: WIDTH numbers for each row of the call.
struct ValueSpec {
  std::string name;
  uint64_t width;
};

// The angles of a rotary embedding (arXiv:2104.09864). Pair I of ROTATED / 2 at
// position P turns by P times RopeFrequencies()[I], model/rope.h.
struct RopeSpec {
  enum class Scaling { kNone, kLinear, kYarn, kDynamic };

  uint64_t rotated = 0;
  double base = 10000;
  Scaling scaling = Scaling::kNone;
  // How many times longer than ORIGINAL_CONTEXT the context is meant to be.
  double factor = 1;
  double original_context = 0;
  // YaRN (arXiv:2309.00071): rotations over the original context above which a
  // pair is left as it is, and below which it is interpolated. The bounds are
  // rounded outwards to whole pairs, or taken as they are.
  double beta_fast = 32;
  double beta_slow = 1;
  bool round_bounds = true;
  // Multiplies the rotated numbers.
  double magnitude = 1;
  // [ROTATED / 2] divisors of the frequencies (Llama 3.1), and what takes their
  // place where the model is run with a context longer than ORIGINAL_CONTEXT
  // (LongRoPE, arXiv:2402.13753). The choice holds for all positions, since
  // cached keys can't be turned again.
  std::optional<TensorId> factors = std::nullopt;
  std::optional<TensorId> long_factors = std::nullopt;
};

// out = row TOKEN of table. A row of the call that brings its embedding has
// that instead, unless EMBEDDED is false.
struct EmbedStep {
  TensorId table;
  ValueId out;
  bool embedded = true;
};

// Each of GROUPS equal pieces of IN by itself:
//   kRms:   out = in / sqrt(mean(in^2) + epsilon) * weight + bias
//   kLayer: the same of in - mean(in)
// WEIGHT and BIAS are as long as a piece, or as the whole; WEIGHT may be a
// matrix with a row for each piece.
struct NormStep {
  enum class Kind { kRms, kLayer };

  ValueId in;
  std::optional<TensorId> weight;
  double epsilon;
  ValueId out;
  Kind kind = Kind::kRms;
  std::optional<TensorId> bias = std::nullopt;
  uint64_t groups = 1;
};

// Several matrices over one input: out = weight . in + bias each. Of WEIGHT and
// BIAS the rows from FIRST on are taken, as many as OUT is wide.
struct LinearPart {
  TensorId weight;
  std::optional<TensorId> bias;
  ValueId out;
  uint64_t first = 0;
};
struct LinearStep {
  ValueId in;
  std::vector<LinearPart> parts;
};

using kernels::Activation;
using kernels::ActivationParameters;
using kernels::RopePairs;

// Each head through a matrix of its own: with WEIGHT [I, O, heads],
//   out[h * out_stride + out_begin + o] =
//       sum_i weight_h[o][i] * in[h * in_stride + in_begin + i]
// where the strides are the values' widths divided by the heads. This takes
// queries to the space of DeepSeek's latent keys, and latent values from it.
struct HeadLinearStep {
  ValueId in;
  TensorId weight;
  ValueId out;
  uint64_t in_begin = 0;
  uint64_t out_begin = 0;
};

// Turns, in each of HEADS heads of HEAD_LENGTH numbers, the pairs of those from
// number BEGIN on.
struct RopeStep {
  ValueId value;
  uint64_t heads;
  uint64_t head_length;
  RopeId rope;
  RopePairs pairs = RopePairs::kAdjacent;
  uint64_t begin = 0;
};

// Appends KEY and VALUE to the cache LAYER, then for each query head
//   s = SCALE * query . keys, s = cap * tanh(s / cap) where SOFT_CAP is not 0
//   out = softmax(s) . values
// over the positions that the row sees. Query head H reads the keys of head H *
// KV_HEADS / HEADS. Without KEY and VALUE the cache is read as an earlier step
// of the same graph has filled it.
struct AttentionStep {
  uint32_t layer;
  ValueId query;
  std::optional<ValueId> key;
  // As KEY, unless the layer's values stand in its keys.
  std::optional<ValueId> value;
  ValueId out;
  double scale;
  double soft_cap = 0;
  // If not 0: a row sees the last WINDOW positions, its own included.
  uint64_t window = 0;
  // If not 0: a row sees positions of its own CHUNK of so many, counted from
  // the sequence's beginning.
  uint64_t chunk = 0;
  // [HEADS]: a score for each that joins the softmax and has no value.
  std::optional<TensorId> sinks = std::nullopt;
};

// out = ACTIVATION of gate, times up where that is given. OUT may be either.
struct ActivateStep {
  Activation activation;
  ValueId gate;
  std::optional<ValueId> up;
  ValueId out;
  ActivationParameters parameters = {};
};

// out += in
struct AddStep {
  ValueId in;
  ValueId out;
};

// value *= factor, and BY, a tensor of one number, where it is given.
struct ScaleStep {
  ValueId value;
  double factor;
  std::optional<TensorId> by = std::nullopt;
};

// value *= 1 + rate * log(1 + floor((position + offset) / length)): queries
// that look far back are made sharper (Llama 4 with offset 1, Ministral 3 with
// 0).
struct PositionScaleStep {
  ValueId value;
  double rate;
  double length;
  double offset;
};

// A causal convolution over positions, each channel by itself: with WEIGHT [K,
// channels]
//   out[c] = sum_{k < K} weight[c][k] * in of position - (K - 1) + k [c]
//            + bias[c]
// What stands before a sequence is 0. STATE holds (K - 1) * channels numbers.
// OUT may not be IN.
struct ConvolutionStep {
  StateId state;
  ValueId in;
  TensorId weight;
  std::optional<TensorId> bias;
  ValueId out;
};

// The gated delta rule (arXiv:2412.06464). Value head H goes with key head H *
// KEY_HEADS / VALUE_HEADS or, where the key heads are TILED, with H %
// KEY_HEADS; it has a state S of [key length, value length] numbers:
//   k = key / sqrt(sum(key^2) + epsilon)
//   q = query / sqrt(sum(query^2) + epsilon) / sqrt(key length)
//   S = exp(decay[H] * log(1 + exp(alpha[H] + offset[H]))) * S
//   S += k (1 / (1 + exp(-beta[H])) * (value - S^T k))^T
//   out = S^T q
// STATE holds value heads * key length * value length numbers. OUT may be
// VALUE.
struct DeltaRuleStep {
  StateId state;
  ValueId query;
  ValueId key;
  ValueId value;
  ValueId alpha;    // [VALUE_HEADS]
  ValueId beta;     // [VALUE_HEADS]
  TensorId decay;   // [VALUE_HEADS], negative
  TensorId offset;  // [VALUE_HEADS]
  ValueId out;
  uint64_t key_heads;
  uint64_t value_heads;
  bool tiled = false;
  double epsilon = 1e-6;
};

// out[g * out_stride + out_begin + i] = in[g * in_stride + in_begin + i]
// for g < GROUPS and i < LENGTH: takes fused activations apart and puts them
// together. An IN_STRIDE of 0 gives the same numbers to all groups.
struct CopyStep {
  ValueId in;
  uint64_t in_begin;
  uint64_t in_stride;
  ValueId out;
  uint64_t out_begin;
  uint64_t out_stride;
  uint64_t length;
  uint64_t groups = 1;
};

// Chooses CHOSEN of the experts for a row. Each expert's score is made of its
// logit; those with the highest score plus CHOICE_BIAS are taken, and their
// weights are
//   kSoftmax          the softmax of all logits
//   kSigmoid          1 / (1 + exp(-logit))
//   kSoftmaxOfChosen  the softmax of the chosen ones' logits; the score is the
//                     logit
// divided, where NORMALISE is true, by their sum plus EPSILON, times FACTOR and
// the expert's own in EXPERT_FACTORS.
// Where there are several GROUPS of equal size, experts of the CHOSEN_GROUPS
// best ones alone are taken: a group's worth is the sum of its RANKED highest
// scores with bias.
struct RouteStep {
  enum class Score { kSoftmax, kSigmoid, kSoftmaxOfChosen };

  ValueId logits;
  // [2 * CHOSEN]: the numbers of the experts, best first, then their weights.
  ValueId out;
  uint64_t chosen;
  Score score;
  bool normalise = false;
  double epsilon = 0;
  double factor = 1;
  std::optional<TensorId> choice_bias = std::nullopt;
  std::optional<TensorId> expert_factors = std::nullopt;
  uint64_t groups = 1;
  uint64_t chosen_groups = 1;
  uint64_t ranked = 2;
};

// [in, out, experts], of each expert's rows those from FIRST on; BIAS is [out,
// experts].
struct ExpertPart {
  TensorId weight;
  std::optional<TensorId> bias = std::nullopt;
  uint64_t first = 0;
};

// out = the sum over the experts e that ROUTES, of a RouteStep, names for the
// row, best first, of
//   weight * down_e(ACTIVATION of gate_e(in) and up_e(in))
// or, where the weight is taken from the INPUT, of
//   down_e(ACTIVATION of gate_e(weight * in) and up_e(weight * in)).
// Without UP the activation has no factor. The other experts are not computed.
struct ExpertsStep {
  ValueId in;
  ValueId routes;
  ValueId out;
  ExpertPart gate;
  std::optional<ExpertPart> up;
  ExpertPart down;
  Activation activation;
  ActivationParameters parameters = {};
  bool weigh_input = false;
};

// From here on only rows whose result is wanted matter; VALUES are alive. Steps
// with a cache or a state come before.
struct SelectStep {
  std::vector<ValueId> values;
};

struct Step {
  // "blk.3.attn_norm": for messages and profiles.
  std::string name;
  std::variant<EmbedStep, NormStep, LinearStep, HeadLinearStep, RopeStep,
               AttentionStep, ActivateStep, AddStep, ScaleStep,
               PositionScaleStep, CopyStep, RouteStep, ExpertsStep,
               ConvolutionStep, DeltaRuleStep, SelectStep>
      op;
};

// What a layer's cache holds for one position: keys and values of KV_HEADS
// heads. HEADS queries read them.
struct CacheLayer {
  uint64_t heads;
  uint64_t kv_heads;
  uint64_t head_length;
  // 0: as HEAD_LENGTH.
  uint64_t value_length = 0;
  // Values are the first VALUE_LENGTH numbers of the keys, and held once.
  bool values_in_keys = false;

  uint64_t ValueLength() const {
    return value_length == 0 ? head_length : value_length;
  }
};

// What a layer remembers of the positions before beside a cache, WIDTH numbers
// for each sequence; zeros in the beginning.
struct StateSpec {
  std::string name;
  uint64_t width;
};

struct Graph {
  std::string architecture;
  uint64_t vocabulary = 0;
  uint64_t embedding = 0;
  // Positions that the model was trained for.
  uint64_t trained_context = 0;
  std::vector<CacheLayer> cache;
  std::vector<StateSpec> states;
  std::vector<TensorSpec> tensors;
  std::vector<ValueSpec> values;
  std::vector<RopeSpec> ropes;
  std::vector<Step> steps;
  // Behind the last norm.
  ValueId hidden{};
  // [EMBEDDING, VOCABULARY]; the embedding's table again where the head is
  // tied.
  TensorId head{};
  // [VOCABULARY]
  std::optional<TensorId> head_bias = std::nullopt;
  // A logit is LOGIT_SCALE * (head . hidden + bias), then, where LOGIT_CAP is
  // not 0, cap * tanh(logit / cap).
  double logit_scale = 1;
  double logit_cap = 0;

  const TensorSpec& tensor(TensorId id) const {
    return tensors[static_cast<uint32_t>(id)];
  }
  const ValueSpec& value(ValueId id) const {
    return values[static_cast<uint32_t>(id)];
  }
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_GRAPH_H_
