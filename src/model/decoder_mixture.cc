// Mixtures of experts.
#include <utility>

#include "base/error.h"
#include "model/decoder.h"

namespace fullstop {

void Decoder::AddMixtureOrFeedForward(const MixtureOptions& options,
                                      double scale) {
  ValueId result = h_;
  if (file_.FindTensor(Name("ffn_gate_inp.weight")) != nullptr) {
    result = Mixture(options);
  } else {
    FeedForward(options.activation);
  }
  Scale("ffn_scale", result, scale);
  Add(result);
}

ValueId Decoder::Route(const MixtureOptions& options) {
  const uint64_t experts = keys_.Count("expert_count");
  const uint64_t chosen = keys_.Count("expert_used_count");
  const ValueId logits = Lazy(&router_, "router", experts);
  const ValueId routes = Lazy(&routes_, "routes", 2 * chosen);
  g_.Add(Name("ffn_gate_inp"),
         LinearStep{options.router_input.value_or(h_),
                    {g_.Linear(Name("ffn_gate_inp"), shape_.embedding, experts,
                               {}, logits)}});
  RouteStep step{
      .logits = logits,
      .out = routes,
      .chosen = chosen,
      .score = options.score,
      .normalise = keys_.Flag("expert_weights_norm", options.normalise),
      .epsilon = options.epsilon,
      .ranked = options.ranked};
  // GGUF's numbers of the functions.
  switch (keys_.CountOrNone("expert_gating_func")) {
    case 1:
      step.score = RouteStep::Score::kSoftmax;
      break;
    case 2:
      step.score = RouteStep::Score::kSigmoid;
      break;
    case 3:
      step.score = RouteStep::Score::kSoftmaxOfChosen;
      break;
    default:
      break;
  }
  // 0 stands for 1 in files.
  const double factor = keys_.Number("expert_weights_scale", 1);
  if (factor != 0) step.factor = factor;
  step.choice_bias = g_.OptionalTensor(Name("exp_probs_b.bias"), {experts});
  step.expert_factors =
      g_.OptionalTensor(Name("ffn_down_exps.scale"), {experts});
  const uint64_t groups = keys_.CountOrNone("expert_group_count");
  if (groups > 1) {
    step.groups = groups;
    step.chosen_groups = keys_.Count("expert_group_used_count");
  }
  if (chosen > experts || experts % step.groups != 0 ||
      step.chosen_groups > step.groups) {
    throw Error::Format("the keys expert_* contradict each other")
        .In(file_.path());
  }
  g_.Add(Name("ffn_route"), step);
  return routes;
}

ExpertPart Decoder::Expert(std::string_view name, uint64_t input,
                           uint64_t output) {
  const uint64_t experts = keys_.Count("expert_count");
  return {.weight = g_.Tensor(Name(name) + ".weight", {input, output, experts}),
          .bias = g_.OptionalTensor(Name(name) + ".bias", {output, experts})};
}

ValueId Decoder::Mixture(const MixtureOptions& options) {
  const uint64_t width =
      keys_.Count("expert_feed_forward_length", feed_forward_);
  const ValueId mixture = Lazy(&mixture_, "mixture", shape_.embedding);
  const ValueId routes = Route(options);
  ExpertsStep step{.in = h_,
                   .routes = routes,
                   .out = mixture,
                   .gate = {},
                   .up = std::nullopt,
                   .down = Expert("ffn_down_exps", width, shape_.embedding),
                   .activation = options.activation,
                   .parameters = options.parameters,
                   .weigh_input = options.weigh_input};
  if (file_.FindTensor(Name("ffn_gate_up_exps.weight")) != nullptr) {
    step.gate = Expert("ffn_gate_up_exps", shape_.embedding, 2 * width);
    step.up = step.gate;
    step.up->first = width;
  } else {
    step.gate = Expert("ffn_gate_exps", shape_.embedding, width);
    step.up = Expert("ffn_up_exps", shape_.embedding, width);
  }
  g_.Add(Name("ffn_exps"), step);
  if (file_.FindTensor(Name("ffn_up_shexp.weight")) != nullptr) {
    SharedExpert(options.activation);
    g_.Add(Name("ffn_shexp_add"), AddStep{h_, mixture});
  }
  return mixture;
}

// H = the shared experts' result of H.
void Decoder::SharedExpert(Activation activation) {
  const uint64_t width =
      file_.FindTensor(Name("ffn_up_shexp.weight"))->shape.at(1);
  const ValueId gate = Lazy(&shared_gate_, "shared_gate", width);
  const ValueId up = Lazy(&shared_up_, "shared_up", width);
  const Cut by_output{CutAxis::kOutput, 1};
  LinearStep in{h_,
                {g_.Linear(Name("ffn_gate_shexp"), shape_.embedding, width,
                           by_output, gate),
                 g_.Linear(Name("ffn_up_shexp"), shape_.embedding, width,
                           by_output, up)}};
  const bool weighed =
      file_.FindTensor(Name("ffn_gate_inp_shexp.weight")) != nullptr;
  if (weighed) {
    const ValueId weight = Lazy(&shared_weight_, "shared_weight", 1);
    in.parts.push_back(
        g_.Linear(Name("ffn_gate_inp_shexp"), shape_.embedding, 1, {}, weight));
  }
  g_.Add(Name("ffn_shexp_gate_up"), std::move(in));
  g_.Add(Name("ffn_shexp_act"), ActivateStep{activation, gate, up, gate});
  g_.Add(Name("ffn_shexp_down"),
         LinearStep{gate,
                    {g_.Linear(Name("ffn_down_shexp"), width, shape_.embedding,
                               {CutAxis::kInput, 1}, h_)}});
  if (!weighed) return;
  const ValueId weights =
      Lazy(&shared_weights_, "shared_weights", shape_.embedding);
  g_.Add(Name("ffn_shexp_spread"), CopyStep{.in = *shared_weight_,
                                            .in_begin = 0,
                                            .in_stride = 0,
                                            .out = weights,
                                            .out_begin = 0,
                                            .out_stride = 1,
                                            .length = 1,
                                            .groups = shape_.embedding});
  g_.Add(Name("ffn_shexp_weigh"),
         ActivateStep{Activation::kSigmoid, weights, h_, h_});
}

}  // namespace fullstop
