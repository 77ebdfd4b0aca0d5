#include "model/graph_check.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string_view>
#include <variant>

#include "base/error.h"

namespace fullstop {
namespace {

class Checker {
 public:
  Checker(const Graph& graph, const std::string& path)
      : graph_(graph), path_(path) {}

  void Check(const Step& step) {
    step_ = step.name;
    std::visit([this](const auto& op) { Do(op); }, step.op);
  }

  void CheckHead() {
    step_ = "head";
    CheckMatrix(graph_.head, Width(graph_.hidden), graph_.vocabulary);
    CheckVector(graph_.head_bias, graph_.vocabulary);
  }

 private:
  void Require(bool holds, std::string_view what) const {
    if (holds) return;
    throw Error::Format(fmt::format("the model's keys and tensors contradict "
                                    "each other: {} in step {}",
                                    what, step_))
        .In(path_);
  }

  uint64_t Width(ValueId id) const { return graph_.value(id).width; }
  // Dimension I of a tensor; 1 behind its last.
  uint64_t Dimension(TensorId id, size_t i) const {
    const std::vector<uint64_t>& shape = graph_.tensor(id).shape;
    return i < shape.size() ? shape[i] : 1;
  }
  // PART divides WHOLE into equal pieces.
  static bool Divides(uint64_t part, uint64_t whole) {
    return part > 0 && whole % part == 0;
  }

  void CheckVector(std::optional<TensorId> id, uint64_t length) const {
    if (!id) return;
    Require(graph_.tensor(*id).shape.size() == 1 && Dimension(*id, 0) >= length,
            "a vector is too short");
  }
  void CheckMatrix(TensorId id, uint64_t input, uint64_t output) const {
    Require(Dimension(id, 0) == input && Dimension(id, 1) >= output,
            "a matrix does not fit");
  }
  void CheckWidth(ValueId id, uint64_t width) const {
    Require(Width(id) == width, "an activation does not fit");
  }
  void CheckAtLeast(ValueId id, uint64_t width) const {
    Require(Width(id) >= width, "an activation is too short");
  }

  void Do(const EmbedStep& step) {
    CheckMatrix(step.table, Width(step.out), graph_.vocabulary);
  }

  void Do(const NormStep& step) {
    CheckWidth(step.out, Width(step.in));
    Require(Divides(step.groups, Width(step.in)), "uneven pieces");
    const uint64_t piece = Width(step.in) / step.groups;
    for (const std::optional<TensorId> tensor : {step.weight, step.bias}) {
      if (!tensor) continue;
      const uint64_t length = Dimension(*tensor, 0);
      const uint64_t rows = Dimension(*tensor, 1);
      Require(rows == 1 ? length == piece || length == Width(step.in)
                        : length == piece && rows == step.groups,
              "a norm's vector does not fit");
    }
  }

  void Do(const LinearStep& step) {
    for (const LinearPart& part : step.parts) {
      CheckMatrix(part.weight, Width(step.in), part.first + Width(part.out));
      CheckVector(part.bias, part.first + Width(part.out));
    }
  }

  void Do(const HeadLinearStep& step) {
    const uint64_t heads = Dimension(step.weight, 2);
    Require(Divides(heads, Width(step.in)) && Divides(heads, Width(step.out)),
            "uneven heads");
    CheckAtLeast(step.in, heads * (step.in_begin + Dimension(step.weight, 0)));
    CheckAtLeast(step.out,
                 heads * (step.out_begin + Dimension(step.weight, 1)));
  }

  void Do(const RopeStep& step) {
    const RopeSpec& rope = graph_.ropes[static_cast<uint32_t>(step.rope)];
    CheckAtLeast(step.value, step.heads * step.head_length);
    Require(
        rope.rotated % 2 == 0 && step.begin + rope.rotated <= step.head_length,
        "a rotary embedding wider than the head");
    CheckVector(rope.factors, rope.rotated / 2);
    CheckVector(rope.long_factors, rope.rotated / 2);
  }

  void Do(const AttentionStep& step) {
    Require(step.layer < graph_.cache.size(), "an unknown cache");
    const CacheLayer& layer = graph_.cache[step.layer];
    Require(Divides(layer.kv_heads, layer.heads), "uneven groups of heads");
    CheckWidth(step.query, layer.heads * layer.head_length);
    CheckWidth(step.out, layer.heads * layer.ValueLength());
    CheckVector(step.sinks, layer.heads);
    Require(step.out != step.query || layer.ValueLength() == layer.head_length,
            "results in the place of longer queries");
    Require(!layer.values_in_keys || layer.ValueLength() <= layer.head_length,
            "values longer than the keys that hold them");
    if (!step.key) return;
    CheckWidth(*step.key, layer.kv_heads * layer.head_length);
    Require(step.value.has_value() != layer.values_in_keys,
            "values that are missing or not wanted");
    if (step.value) {
      CheckWidth(*step.value, layer.kv_heads * layer.ValueLength());
    }
  }

  void Do(const ConvolutionStep& step) {
    const uint64_t channels = Width(step.in);
    const uint64_t taps = Dimension(step.weight, 0);
    CheckWidth(step.out, channels);
    Require(step.in != step.out, "a convolution in place");
    Require(taps >= 2 && Dimension(step.weight, 1) == channels,
            "a convolution's weights do not fit");
    CheckVector(step.bias, channels);
    CheckState(step.state, (taps - 1) * channels);
  }

  void Do(const DeltaRuleStep& step) {
    Require(Divides(step.key_heads, step.value_heads) &&
                Divides(step.key_heads, Width(step.key)) &&
                Divides(step.value_heads, Width(step.value)),
            "uneven heads");
    CheckWidth(step.query, Width(step.key));
    CheckWidth(step.out, Width(step.value));
    CheckWidth(step.alpha, step.value_heads);
    CheckWidth(step.beta, step.value_heads);
    CheckVector(step.decay, step.value_heads);
    CheckVector(step.offset, step.value_heads);
    CheckState(step.state,
               Width(step.key) / step.key_heads * Width(step.value));
  }

  void CheckState(StateId id, uint64_t width) const {
    const auto index = static_cast<uint32_t>(id);
    Require(index < graph_.states.size() && graph_.states[index].width == width,
            "a state does not fit");
  }

  void Do(const ActivateStep& step) {
    CheckAtLeast(step.gate, Width(step.out));
    if (step.up) CheckAtLeast(*step.up, Width(step.out));
  }

  void Do(const AddStep& step) { CheckWidth(step.in, Width(step.out)); }

  void Do(const ScaleStep& step) { CheckVector(step.by, 1); }

  void Do(const PositionScaleStep&) {}

  void Do(const CopyStep& step) {
    Require(step.groups > 0, "no groups");
    const uint64_t last = step.groups - 1;
    CheckAtLeast(step.in, last * step.in_stride + step.in_begin + step.length);
    CheckAtLeast(step.out,
                 last * step.out_stride + step.out_begin + step.length);
  }

  void Do(const RouteStep& step) {
    const uint64_t experts = Width(step.logits);
    CheckWidth(step.out, 2 * step.chosen);
    Require(Divides(step.groups, experts) && step.chosen_groups > 0 &&
                step.chosen_groups <= step.groups,
            "uneven groups of experts");
    Require(step.chosen > 0 &&
                step.chosen <= experts / step.groups * step.chosen_groups,
            "more experts to choose than there are");
    CheckVector(step.choice_bias, experts);
    CheckVector(step.expert_factors, experts);
    experts_[step.out] = experts;
  }

  void Do(const ExpertsStep& step) {
    const uint64_t hidden = Dimension(step.down.weight, 0);
    const auto routed = experts_.find(step.routes);
    Require(routed != experts_.end(), "experts without a route");
    CheckPart(step.gate, Width(step.in), hidden, routed->second);
    if (step.up) CheckPart(*step.up, Width(step.in), hidden, routed->second);
    Require(Dimension(step.down.weight, 1) == Width(step.out) &&
                step.down.first == 0,
            "experts of another width");
    CheckPart(step.down, hidden, Width(step.out), routed->second);
    CheckWidth(step.in, Width(step.out));
  }

  void CheckPart(const ExpertPart& part, uint64_t input, uint64_t output,
                 uint64_t experts) const {
    CheckMatrix(part.weight, input, part.first + output);
    Require(Dimension(part.weight, 2) >= experts, "too few experts");
    if (!part.bias) return;
    Require(Dimension(*part.bias, 0) >= part.first + output &&
                Dimension(*part.bias, 1) >= experts,
            "the experts' biases do not fit");
  }

  void Do(const SelectStep&) {}

  const Graph& graph_;
  const std::string& path_;
  std::string_view step_;
  // The number of experts that a RouteStep's result chooses from.
  std::map<ValueId, uint64_t> experts_;
};

}  // namespace

void CheckGraph(const Graph& graph, const std::string& path) {
  Checker checker(graph, path);
  for (const Step& step : graph.steps) checker.Check(step);
  checker.CheckHead();
}

}  // namespace fullstop
