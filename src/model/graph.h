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
  // If not 0: so many pairs turn, and the others stay as they are.
  uint64_t turning_pairs = 0;
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
// WEIGHT and BIAS are as long as a piece, or as the whole.
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

// Appends KEY and VALUE to the cache of LAYER, then for each query head
//   out = softmax(SCALE * query . keys) . values
// over the positions that the row's mask allows. Query head H reads the keys of
// head H * KV_HEADS / HEADS.
struct AttentionStep {
  uint32_t layer;
  ValueId query;
  ValueId key;
  ValueId value;
  ValueId out;
  double scale;
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

// From here on only rows whose result is wanted matter; VALUES are alive.
struct SelectStep {
  std::vector<ValueId> values;
};

struct Step {
  // "blk.3.attn_norm": for messages and profiles.
  std::string name;
  std::variant<EmbedStep, NormStep, LinearStep, RopeStep, AttentionStep,
               ActivateStep, AddStep, ScaleStep, PositionScaleStep, CopyStep,
               SelectStep>
      op;
};

// What a layer's cache holds for one position: keys and values of so many
// heads.
struct CacheLayer {
  uint64_t heads;
  uint64_t kv_heads;
  uint64_t head_length;
};

struct Graph {
  std::string architecture;
  uint64_t vocabulary = 0;
  uint64_t embedding = 0;
  // Positions that the model was trained for.
  uint64_t trained_context = 0;
  std::vector<CacheLayer> cache;
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
