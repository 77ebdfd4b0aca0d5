#include "model/routing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace fullstop {
namespace {

void Softmax(std::vector<double>& x) {
  const double largest = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (double& v : x) {
    v = std::exp(v - largest);
    total += v;
  }
  for (double& v : x) v /= total;
}

std::vector<double> Scores(const RouteStep& step,
                           std::span<const float> logits) {
  std::vector<double> scores(logits.begin(), logits.end());
  if (step.score == RouteStep::Score::kSoftmax) Softmax(scores);
  if (step.score == RouteStep::Score::kSigmoid) {
    for (double& v : scores) v = 1 / (1 + std::exp(-v));
  }
  return scores;
}

// The indices of the COUNT greatest, descending. A NaN is the least.
std::vector<size_t> Greatest(std::span<const double> x, size_t count) {
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto before = [&](size_t a, size_t b) {
    const bool a_is_number = !std::isnan(x[a]);
    const bool b_is_number = !std::isnan(x[b]);
    if (a_is_number != b_is_number) return a_is_number;
    if (a_is_number && x[a] != x[b]) return x[a] > x[b];
    return a < b;
  };
  const auto middle = order.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(order.begin(), middle, order.end(), before);
  order.resize(count);
  return order;
}

// Leaves the best groups alone in the running.
void DropGroups(const RouteStep& step, std::vector<double>& choice) {
  const size_t length = choice.size() / step.groups;
  std::vector<double> worth(step.groups);
  for (size_t group = 0; group < step.groups; ++group) {
    const std::span<const double> members =
        std::span(choice).subspan(group * length, length);
    for (const size_t i :
         Greatest(members, std::min<size_t>(step.ranked, length))) {
      worth[group] += members[i];
    }
  }
  std::vector<bool> kept(step.groups, false);
  for (const size_t group : Greatest(worth, step.chosen_groups)) {
    kept[group] = true;
  }
  for (size_t i = 0; i < choice.size(); ++i) {
    if (!kept[i / length]) choice[i] = -std::numeric_limits<double>::infinity();
  }
}

}  // namespace

void ChooseExperts(const RouteStep& step, std::span<const float> logits,
                   std::span<const float> choice_bias,
                   std::span<const float> expert_factors, float* out) {
  const std::vector<double> scores = Scores(step, logits);
  std::vector<double> choice = scores;
  for (size_t i = 0; i < choice_bias.size(); ++i) choice[i] += choice_bias[i];
  if (step.chosen_groups < step.groups) DropGroups(step, choice);

  const std::vector<size_t> chosen = Greatest(choice, step.chosen);
  std::vector<double> weights;
  for (const size_t expert : chosen) weights.push_back(scores[expert]);
  if (step.score == RouteStep::Score::kSoftmaxOfChosen) Softmax(weights);
  double divisor = 1;
  if (step.normalise) {
    divisor = std::accumulate(weights.begin(), weights.end(), step.epsilon);
  }
  for (size_t i = 0; i < chosen.size(); ++i) {
    const double own = expert_factors.empty() ? 1.0 : expert_factors[chosen[i]];
    out[i] = static_cast<float>(chosen[i]);
    out[step.chosen + i] =
        static_cast<float>(weights[i] / divisor * step.factor * own);
  }
}

}  // namespace fullstop
