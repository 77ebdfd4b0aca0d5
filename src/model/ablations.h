// For tests: a graph with one feature switched off, to see that it matters.
#ifndef FULLSTOP_MODEL_ABLATIONS_H_
#define FULLSTOP_MODEL_ABLATIONS_H_

#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/graph.h"

namespace fullstop {

// "attn_norm" of "blk.3.attn_norm".
inline std::string WithoutLayer(const std::string& name) {
  if (!name.starts_with("blk.")) return name;
  return name.substr(name.find('.', 4) + 1);
}

// Collects, by the name of a feature, graphs without it. What is the same in
// several layers goes at once.
class Ablations {
 public:
  explicit Ablations(const Graph& graph) : graph_(graph) {
    for (size_t i = 0; i < graph.steps.size(); ++i) {
      std::visit([&](const auto& op) { Ablate(i, op); }, graph.steps[i].op);
    }
    Change("scale of logits", graph.logit_scale != 1,
           [](Graph& g) { g.logit_scale = 1; });
    Change("cap of logits", graph.logit_cap != 0,
           [](Graph& g) { g.logit_cap = 0; });
    AblateRope();
    AblateAlternation();
    for (auto& [name, ablated] : without_) {
      std::erase_if(ablated.steps,
                    [](const Step& step) { return step.name.empty(); });
    }
  }

  const std::map<std::string, Graph>& without() const { return without_; }

 private:
  Graph& Without(const std::string& feature) {
    return without_.try_emplace(feature, graph_).first->second;
  }

  void Change(const std::string& feature, bool present,
              const std::function<void(Graph&)>& change) {
    if (present) change(Without(feature));
  }

  template <typename Op>
  Op& In(const std::string& feature, size_t step) {
    return std::get<Op>(Without(feature).steps[step].op);
  }

  void Remove(const std::string& feature, size_t step) {
    Without(feature).steps[step].name.clear();
  }

  std::string Stem(size_t step) const {
    return WithoutLayer(graph_.steps[step].name);
  }

  template <typename Op>
  void Ablate(size_t, const Op&) {}

  void Ablate(size_t i, const LinearStep& op) {
    for (size_t part = 0; part < op.parts.size(); ++part) {
      if (!op.parts[part].bias) continue;
      const std::string tensor =
          WithoutLayer(graph_.tensor(*op.parts[part].bias).name);
      In<LinearStep>(tensor, i).parts[part].bias.reset();
    }
  }

  void Ablate(size_t i, const NormStep& op) {
    if (op.in == op.out) {
      Remove("norm " + Stem(i), i);
    } else if (op.weight) {
      In<NormStep>("weight of " + Stem(i), i).weight.reset();
    }
    if (op.bias) In<NormStep>("bias of " + Stem(i), i).bias.reset();
    if (op.kind == NormStep::Kind::kLayer) {
      In<NormStep>("centring", i).kind = NormStep::Kind::kRms;
    }
  }

  void Ablate(size_t i, const RopeStep& op) {
    Remove("rope", i);
    In<RopeStep>("rope's pairs", i).pairs = op.pairs == RopePairs::kHalves
                                                ? RopePairs::kAdjacent
                                                : RopePairs::kHalves;
  }

  void Ablate(size_t i, const AttentionStep& op) {
    const double plain =
        1 / std::sqrt(static_cast<double>(graph_.cache[op.layer].head_length));
    if (std::abs(op.scale - plain) > 1e-9) {
      In<AttentionStep>("scale of attention", i).scale = plain;
    }
    if (op.soft_cap != 0) In<AttentionStep>("cap of scores", i).soft_cap = 0;
    if (op.window != 0) In<AttentionStep>("window", i).window = 0;
    if (op.chunk != 0) In<AttentionStep>("chunk", i).chunk = 0;
    if (op.sinks) In<AttentionStep>("sinks", i).sinks.reset();
    if (!op.key) AblateReading(i, op);
  }

  // A layer that reads another's cache reads a third one's.
  void AblateReading(size_t i, const AttentionStep& op) {
    const CacheLayer& shape = graph_.cache[op.layer];
    for (uint32_t other = 0; other < graph_.cache.size(); ++other) {
      const CacheLayer& its = graph_.cache[other];
      if (other != op.layer && its.kv_heads == shape.kv_heads &&
          its.head_length == shape.head_length) {
        In<AttentionStep>("choice of the cache", i).layer = other;
      }
    }
  }

  void Ablate(size_t i, const AddStep&) { Remove("adding " + Stem(i), i); }

  void Ablate(size_t i, const ActivateStep& op) {
    In<ActivateStep>(Stem(i), i).activation = Activation::kRelu;
    if (op.up) In<ActivateStep>(Stem(i) + "'s factor", i).up.reset();
  }

  void Ablate(size_t i, const ConvolutionStep& op) {
    if (op.bias) In<ConvolutionStep>("bias of " + Stem(i), i).bias.reset();
    const uint64_t width = graph_.value(op.in).width;
    Without("convolution").steps[i].op = CopyStep{.in = op.in,
                                                  .in_begin = 0,
                                                  .in_stride = width,
                                                  .out = op.out,
                                                  .out_begin = 0,
                                                  .out_stride = width,
                                                  .length = width};
  }

  void Ablate(size_t i, const DeltaRuleStep& op) {
    Remove("delta rule", i);
    In<DeltaRuleStep>("order of heads", i).tiled = !op.tiled;
  }

  void Ablate(size_t i, const ScaleStep&) { Remove("scale " + Stem(i), i); }

  void Ablate(size_t i, const PositionScaleStep&) {
    Remove("sharpening by position", i);
  }

  void Ablate(size_t i, const RouteStep& op) {
    using Score = RouteStep::Score;
    if (op.choice_bias) {
      In<RouteStep>("bias of choice", i).choice_bias.reset();
    }
    if (op.expert_factors) {
      In<RouteStep>("factors of experts", i).expert_factors.reset();
    }
    if (op.groups > 1) {
      In<RouteStep>("groups of experts", i).groups = 1;
      In<RouteStep>("groups of experts", i).chosen_groups = 1;
    }
    if (op.factor != 1) In<RouteStep>("factor of experts", i).factor = 1;
    if (op.score != Score::kSoftmaxOfChosen) {
      In<RouteStep>("normalising", i).normalise = !op.normalise;
    }
    In<RouteStep>("score of experts", i).score =
        op.score == Score::kSigmoid ? Score::kSoftmax : Score::kSigmoid;
  }

  void Ablate(size_t i, const ExpertsStep& op) {
    In<ExpertsStep>("activation of experts", i).activation = Activation::kRelu;
    In<ExpertsStep>("weighing the input", i).weigh_input = !op.weigh_input;
    if (op.gate.bias)
      In<ExpertsStep>("ffn_gate_exps.bias", i).gate.bias.reset();
    if (op.up && op.up->bias) {
      In<ExpertsStep>("ffn_up_exps.bias", i).up->bias.reset();
    }
    if (op.down.bias)
      In<ExpertsStep>("ffn_down_exps.bias", i).down.bias.reset();
  }

  void AblateRope() {
    for (size_t i = 0; i < graph_.ropes.size(); ++i) {
      const RopeSpec& rope = graph_.ropes[i];
      const std::string number = std::to_string(i);
      Change("rope's scaling " + number,
             rope.scaling != RopeSpec::Scaling::kNone,
             [i](Graph& g) { g.ropes[i].scaling = RopeSpec::Scaling::kNone; });
      Change("rope's magnitude " + number, rope.magnitude != 1,
             [i](Graph& g) { g.ropes[i].magnitude = 1; });
      Change("rope's divisors " + number, rope.factors.has_value(),
             [i](Graph& g) {
               g.ropes[i].factors.reset();
               g.ropes[i].long_factors.reset();
             });
      Change("rope's base " + number, true,
             [i](Graph& g) { g.ropes[i].base = 17; });
    }
  }

  // Layers that differ are made the same.
  void AblateAlternation() {
    std::set<uint64_t> windows;
    std::set<RopeId> ropes;
    for (const Step& step : graph_.steps) {
      if (const auto* attention = std::get_if<AttentionStep>(&step.op)) {
        windows.insert(attention->window);
      } else if (const auto* rope = std::get_if<RopeStep>(&step.op)) {
        ropes.insert(rope->rope);
      }
    }
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      const Step& step = graph_.steps[i];
      if (std::holds_alternative<AttentionStep>(step.op) &&
          windows.size() > 1) {
        In<AttentionStep>("layers without a window", i).window =
            *windows.rbegin();
      } else if (const auto* rope = std::get_if<RopeStep>(&step.op)) {
        for (const RopeId other : ropes) {
          if (other == rope->rope ||
              graph_.ropes[static_cast<uint32_t>(other)].rotated >
                  rope->head_length) {
            continue;
          }
          In<RopeStep>("ropes of their own", i).rope = other;
        }
      }
    }
    AddMissingRopes();
  }

  void AddMissingRopes() {
    std::vector<RopeStep> known;
    size_t since_attention = 0;
    std::vector<Step> steps;
    bool added = false;
    for (const Step& step : graph_.steps) {
      if (const auto* rope = std::get_if<RopeStep>(&step.op)) {
        if (known.size() < 2) known.push_back(*rope);
        ++since_attention;
      }
      if (std::holds_alternative<AttentionStep>(step.op)) {
        if (since_attention == 0 && known.size() == 2) {
          steps.push_back({"rope_q", known[0]});
          steps.push_back({"rope_k", known[1]});
          added = true;
        }
        since_attention = 0;
      }
      steps.push_back(step);
    }
    if (added) Without("layers without rope").steps = steps;
  }

  const Graph& graph_;
  std::map<std::string, Graph> without_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_ABLATIONS_H_
