// A graph's logits in float64, the plain way: each step over all positions of
// one sequence, nothing cached. For the tests of this room; no part of the
// library.
#ifndef FULLSTOP_MODEL_FLOAT64_GRAPH_H_
#define FULLSTOP_MODEL_FLOAT64_GRAPH_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/token_id.h"
#include "format/gguf.h"
#include "model/float64_store.h"
#include "model/graph.h"
#include "model/rope.h"

namespace fullstop {

class Float64Graph : private Float64Store {
 public:
  // Both must outlive the object. CONTEXT as the model is run with.
  Float64Graph(const Graph& graph, const GgufFile& file, int32_t context)
      : Float64Store(graph, file), context_(context) {}

  // [position][vocabulary]
  std::vector<Numbers> Logits(std::span<const TokenId> ids) {
    ids_ = ids;
    MakeValues(ids.size());
    keys_.assign(graph_.cache.size(), {});
    cached_.assign(graph_.cache.size(), {});
    for (const Step& step : graph_.steps) {
      std::visit([this](const auto& op) { Do(op); }, step.op);
    }
    std::vector<Numbers> logits;
    for (size_t p = 0; p < ids.size(); ++p) {
      logits.push_back(Head(RowOf(graph_.hidden, p)));
    }
    return logits;
  }

 private:
  Numbers Head(std::span<const double> hidden) {
    Numbers logits(graph_.vocabulary);
    for (size_t v = 0; v < logits.size(); ++v) {
      double logit = Dot(Tensor(graph_.head), v, hidden);
      if (graph_.head_bias) logit += Tensor(*graph_.head_bias)[v];
      logit *= graph_.logit_scale;
      const double cap = graph_.logit_cap;
      logits[v] = cap == 0 ? logit : cap * std::tanh(logit / cap);
    }
    return logits;
  }

  // --- steps ---------------------------------------------------------------

  void Do(const EmbedStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      const std::span<double> out = RowOf(step.out, p);
      const auto row = static_cast<size_t>(ids_[p]);
      std::copy_n(
          Tensor(step.table).begin() + static_cast<ptrdiff_t>(row * out.size()),
          out.size(), out.begin());
    }
  }

  void Do(const NormStep& step) {
    const size_t length = Width(step.in) / step.groups;
    const auto at = [&](std::optional<TensorId> tensor, size_t i,
                        double otherwise) {
      if (!tensor) return otherwise;
      return Tensor(*tensor)[i % Tensor(*tensor).size()];
    };
    for (size_t p = 0; p < ids_.size(); ++p) {
      const Numbers in = Copy(RowOf(step.in, p));
      const std::span<double> out = RowOf(step.out, p);
      for (size_t g = 0; g < step.groups; ++g) {
        double mean = 0;
        for (size_t i = 0; i < length; ++i) mean += in[g * length + i] / length;
        if (step.kind == NormStep::Kind::kRms) mean = 0;
        double square = step.epsilon;
        for (size_t i = 0; i < length; ++i) {
          square += std::pow(in[g * length + i] - mean, 2) / length;
        }
        for (size_t i = g * length; i < (g + 1) * length; ++i) {
          out[i] = (in[i] - mean) / std::sqrt(square) * at(step.weight, i, 1) +
                   at(step.bias, i, 0);
        }
      }
    }
  }

  void Do(const LinearStep& step) {
    for (const LinearPart& part : step.parts) {
      for (size_t p = 0; p < ids_.size(); ++p) {
        const std::span<double> out = RowOf(part.out, p);
        for (size_t i = 0; i < out.size(); ++i) {
          out[i] = Dot(Tensor(part.weight), part.first + i, RowOf(step.in, p));
          if (part.bias) out[i] += Tensor(*part.bias)[part.first + i];
        }
      }
    }
  }

  void Do(const HeadLinearStep& step) {
    const std::vector<uint64_t>& shape = graph_.tensor(step.weight).shape;
    const size_t heads = shape[2];
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t head = 0; head < heads; ++head) {
        const std::span<double> in =
            RowOf(step.in, p)
                .subspan(head * Width(step.in) / heads + step.in_begin,
                         shape[0]);
        for (size_t o = 0; o < shape[1]; ++o) {
          RowOf(step.out,
                p)[head * Width(step.out) / heads + step.out_begin + o] =
              Dot(Tensor(step.weight), head * shape[1] + o, in);
        }
      }
    }
  }

  void Do(const RopeStep& step) {
    const RopeSpec& spec = graph_.ropes[static_cast<uint32_t>(step.rope)];
    const auto tensor =
        UsesLongFactors(spec, context_) ? spec.long_factors : spec.factors;
    std::vector<float> factors;
    if (tensor) factors.assign(Tensor(*tensor).begin(), Tensor(*tensor).end());
    const Numbers frequencies = RopeFrequencies(spec, factors, context_);
    const bool adjacent = step.pairs == RopePairs::kAdjacent;
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t head = 0; head < step.heads; ++head) {
        double* x =
            RowOf(step.value, p).data() + head * step.head_length + step.begin;
        for (size_t i = 0; i < frequencies.size(); ++i) {
          double& a = x[adjacent ? 2 * i : i];
          double& b = x[adjacent ? 2 * i + 1 : i + frequencies.size()];
          const double angle = static_cast<double>(p) * frequencies[i];
          const double turned = a * std::cos(angle) - b * std::sin(angle);
          b = (a * std::sin(angle) + b * std::cos(angle)) * spec.magnitude;
          a = turned * spec.magnitude;
        }
      }
    }
  }

  void Do(const AttentionStep& step) {
    if (step.key) {
      keys_[step.layer] = values_[static_cast<uint32_t>(*step.key)];
      cached_[step.layer] =
          values_[static_cast<uint32_t>(step.value.value_or(*step.key))];
    }
    for (size_t p = 0; p < ids_.size(); ++p) {
      const Numbers query = Copy(RowOf(step.query, p));
      for (size_t head = 0; head < graph_.cache[step.layer].heads; ++head) {
        AttendHead(step, p, head, query);
      }
    }
  }

  static bool Sees(const AttentionStep& step, size_t p, size_t other) {
    return (step.window == 0 || p - other < step.window) &&
           (step.chunk == 0 || p / step.chunk == other / step.chunk);
  }

  void AttendHead(const AttentionStep& step, size_t p, size_t head,
                  const Numbers& query) {
    const CacheLayer& layer = graph_.cache[step.layer];
    const size_t length = layer.head_length;
    const size_t kv_head = head * layer.kv_heads / layer.heads;
    Numbers scores(p + 2, -std::numeric_limits<double>::infinity());
    for (size_t other = 0; other <= p; ++other) {
      if (!Sees(step, p, other)) continue;
      double score = 0;
      for (size_t d = 0; d < length; ++d) {
        score +=
            query[head * length + d] *
            keys_[step.layer][(other * layer.kv_heads + kv_head) * length + d];
      }
      score *= step.scale;
      if (step.soft_cap != 0) {
        score = step.soft_cap * std::tanh(score / step.soft_cap);
      }
      scores[other] = score;
    }
    if (step.sinks) scores.back() = Tensor(*step.sinks)[head];
    Softmax(scores);
    const size_t value_length = layer.ValueLength();
    const size_t stride = layer.values_in_keys ? length : value_length;
    for (size_t d = 0; d < value_length; ++d) {
      double sum = 0;
      for (size_t other = 0; other <= p; ++other) {
        sum += scores[other] *
               cached_[step.layer]
                      [(other * layer.kv_heads + kv_head) * stride + d];
      }
      RowOf(step.out, p)[head * value_length + d] = sum;
    }
  }

  void Do(const ActivateStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t i = 0; i < Width(step.out); ++i) {
        const double up = step.up ? RowOf(*step.up, p)[i] : 1;
        RowOf(step.out, p)[i] = Activated(step.activation, step.parameters,
                                          RowOf(step.gate, p)[i], up);
      }
    }
  }

  void Do(const AddStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t i = 0; i < Width(step.out); ++i) {
        RowOf(step.out, p)[i] += RowOf(step.in, p)[i];
      }
    }
  }

  void Do(const ScaleStep& step) {
    const double by = step.by ? Tensor(*step.by)[0] : 1;
    for (double& x : values_[static_cast<uint32_t>(step.value)]) {
      x *= step.factor * by;
    }
  }

  void Do(const PositionScaleStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      const double periods =
          std::floor((static_cast<double>(p) + step.offset) / step.length);
      for (double& x : RowOf(step.value, p)) {
        x *= 1 + step.rate * std::log(1 + periods);
      }
    }
  }

  void Do(const CopyStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t g = 0; g < step.groups; ++g) {
        for (size_t i = 0; i < step.length; ++i) {
          RowOf(step.out, p)[g * step.out_stride + step.out_begin + i] =
              RowOf(step.in, p)[g * step.in_stride + step.in_begin + i];
        }
      }
    }
  }

  // --- mixtures ------------------------------------------------------------

  void Do(const RouteStep& step) {
    for (size_t p = 0; p < ids_.size(); ++p) {
      Route(step, Copy(RowOf(step.logits, p)), RowOf(step.out, p));
    }
  }

  void Route(const RouteStep& step, Numbers scores, std::span<double> out) {
    if (step.score == RouteStep::Score::kSoftmax) Softmax(scores);
    if (step.score == RouteStep::Score::kSigmoid) {
      for (double& x : scores) x = 1 / (1 + std::exp(-x));
    }
    Numbers choice = scores;
    if (step.choice_bias) {
      for (size_t i = 0; i < choice.size(); ++i) {
        choice[i] += Tensor(*step.choice_bias)[i];
      }
    }
    const size_t length = choice.size() / step.groups;
    Numbers worth;
    for (size_t group = 0; group < step.groups; ++group) {
      const Numbers members =
          Copy(std::span(choice).subspan(group * length, length));
      worth.push_back(0);
      for (const size_t i : Best(members, std::min(step.ranked, length))) {
        worth.back() += members[i];
      }
    }
    const std::vector<size_t> groups = Best(worth, step.chosen_groups);
    for (size_t i = 0; i < choice.size(); ++i) {
      if (std::count(groups.begin(), groups.end(), i / length) == 0) {
        choice[i] = -std::numeric_limits<double>::infinity();
      }
    }
    Numbers weights;
    const std::vector<size_t> chosen = Best(choice, step.chosen);
    for (const size_t e : chosen) weights.push_back(scores[e]);
    if (step.score == RouteStep::Score::kSoftmaxOfChosen) Softmax(weights);
    double sum = step.normalise ? step.epsilon : 1;
    for (const double w : weights) sum += step.normalise ? w : 0;
    for (size_t i = 0; i < step.chosen; ++i) {
      out[i] = static_cast<double>(chosen[i]);
      out[step.chosen + i] = weights[i] / sum * step.factor;
      if (step.expert_factors) {
        out[step.chosen + i] *= Tensor(*step.expert_factors)[chosen[i]];
      }
    }
  }

  // Row by row of PART's matrix of EXPERT, which has ROWS rows.
  Numbers Through(const ExpertPart& part, size_t expert, size_t count,
                  std::span<const double> x) const {
    const uint64_t rows = graph_.tensor(part.weight).shape[1];
    Numbers out(count);
    for (size_t i = 0; i < count; ++i) {
      out[i] = Dot(Tensor(part.weight), expert * rows + part.first + i, x);
      if (part.bias) {
        out[i] += Tensor(*part.bias)[expert * rows + part.first + i];
      }
    }
    return out;
  }

  void Do(const ExpertsStep& step) {
    const size_t hidden = graph_.tensor(step.down.weight).shape[0];
    const size_t chosen = Width(step.routes) / 2;
    for (size_t p = 0; p < ids_.size(); ++p) {
      Numbers sum(Width(step.out));
      for (size_t i = 0; i < chosen; ++i) {
        const auto expert = static_cast<size_t>(RowOf(step.routes, p)[i]);
        const double weight = RowOf(step.routes, p)[chosen + i];
        Numbers in = Copy(RowOf(step.in, p));
        for (double& x : in) x *= step.weigh_input ? weight : 1;
        Numbers middle = Through(step.gate, expert, hidden, in);
        Numbers up(hidden, 1);
        if (step.up) up = Through(*step.up, expert, hidden, in);
        for (size_t d = 0; d < hidden; ++d) {
          middle[d] =
              Activated(step.activation, step.parameters, middle[d], up[d]);
        }
        const Numbers out = Through(step.down, expert, sum.size(), middle);
        for (size_t d = 0; d < sum.size(); ++d) {
          sum[d] += out[d] * (step.weigh_input ? 1 : weight);
        }
      }
      std::copy(sum.begin(), sum.end(), RowOf(step.out, p).begin());
    }
  }

  // --- recurrence ----------------------------------------------------------

  void Do(const ConvolutionStep& step) {
    const Numbers& weight = Tensor(step.weight);
    const size_t channels = Width(step.in);
    const size_t taps = weight.size() / channels;
    for (size_t p = 0; p < ids_.size(); ++p) {
      for (size_t c = 0; c < channels; ++c) {
        double sum = step.bias ? Tensor(*step.bias)[c] : 0;
        for (size_t back = 0; back < taps && back <= p; ++back) {
          sum +=
              weight[c * taps + taps - 1 - back] * RowOf(step.in, p - back)[c];
        }
        RowOf(step.out, p)[c] = sum;
      }
    }
  }

  void Do(const DeltaRuleStep& step) {
    for (size_t head = 0; head < step.value_heads; ++head) {
      DeltaHead(step, head);
    }
  }

  // The state in the terms of the paper: S(I - beta k k^T), transposed here.
  void DeltaHead(const DeltaRuleStep& step, size_t head) {
    const size_t keys = Width(step.key) / step.key_heads;
    const size_t values = Width(step.value) / step.value_heads;
    const size_t key_head = step.tiled
                                ? head % step.key_heads
                                : head / (step.value_heads / step.key_heads);
    Numbers state(keys * values);
    for (size_t p = 0; p < ids_.size(); ++p) {
      const Numbers k = ToLength(
          RowOf(step.key, p).subspan(key_head * keys, keys), step.epsilon);
      const Numbers q = ToLength(
          RowOf(step.query, p).subspan(key_head * keys, keys), step.epsilon);
      const double decay =
          std::exp(Tensor(step.decay)[head] *
                   std::log(1 + std::exp(RowOf(step.alpha, p)[head] +
                                         Tensor(step.offset)[head])));
      const double beta = 1 / (1 + std::exp(-RowOf(step.beta, p)[head]));
      Numbers next(state.size());
      for (size_t i = 0; i < keys; ++i) {
        for (size_t j = 0; j < values; ++j) {
          double kept = decay * state[i * values + j];
          for (size_t other = 0; other < keys; ++other) {
            kept -= beta * k[i] * k[other] * decay * state[other * values + j];
          }
          next[i * values + j] =
              kept + beta * k[i] * RowOf(step.value, p)[head * values + j];
        }
      }
      state = next;
      for (size_t j = 0; j < values; ++j) {
        double sum = 0;
        for (size_t i = 0; i < keys; ++i) sum += q[i] * state[i * values + j];
        RowOf(step.out, p)[head * values + j] =
            sum / std::sqrt(static_cast<double>(keys));
      }
    }
  }

  void Do(const SelectStep&) {}

  const double context_;
  std::span<const TokenId> ids_;
  // [layer]: [position][kv head][length]
  std::vector<Numbers> keys_;
  std::vector<Numbers> cached_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_FLOAT64_GRAPH_H_
