#include "model/graph_work.h"

#include <variant>

namespace fullstop {
namespace {

// Adds ROWS rows of tensor ID, read SHARE times.
class WorkCounter {
 public:
  WorkCounter(const Graph& graph, const ModelFile& file)
      : graph_(graph), file_(file) {}

  void Add(TensorId id, uint64_t rows, double share = 1) {
    const TensorSpec& spec = graph_.tensor(id);
    const TensorType type = file_.FindTensor(spec.name)->type;
    const double all = static_cast<double>(rows) * share;
    work_.weight_bytes +=
        all * static_cast<double>(RowBytes(type, spec.shape[0]).value());
    const double operations = 2 * all * static_cast<double>(spec.shape[0]);
    (id == graph_.head ? work_.head_operations : work_.layer_operations) +=
        operations;
  }
  const TokenWork& work() const { return work_; }

 private:
  const Graph& graph_;
  const ModelFile& file_;
  TokenWork work_;
};

}  // namespace

TokenWork WorkOfToken(const Graph& graph, const ModelFile& file) {
  WorkCounter counter(graph, file);
  const auto width = [&graph](ValueId id) { return graph.value(id).width; };
  double chosen = 0;
  for (const Step& step : graph.steps) {
    if (const auto* linear = std::get_if<LinearStep>(&step.op)) {
      for (const LinearPart& part : linear->parts) {
        counter.Add(part.weight, width(part.out));
      }
    } else if (const auto* heads = std::get_if<HeadLinearStep>(&step.op)) {
      const std::vector<uint64_t>& shape = graph.tensor(heads->weight).shape;
      counter.Add(heads->weight, shape[1], static_cast<double>(shape[2]));
    } else if (const auto* route = std::get_if<RouteStep>(&step.op)) {
      chosen = static_cast<double>(route->chosen);
    } else if (const auto* experts = std::get_if<ExpertsStep>(&step.op)) {
      const uint64_t hidden = graph.tensor(experts->down.weight).shape[0];
      counter.Add(experts->gate.weight, hidden, chosen);
      if (experts->up) counter.Add(experts->up->weight, hidden, chosen);
      counter.Add(experts->down.weight, width(experts->out), chosen);
    }
  }
  counter.Add(graph.head, graph.vocabulary);
  return counter.work();
}

}  // namespace fullstop
