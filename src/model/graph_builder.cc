#include "model/graph_builder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "format/tensor_type.h"

namespace fullstop {
namespace {

std::string Shape(const std::vector<uint64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// Trailing dimensions of 1 say nothing.
std::vector<uint64_t> Trimmed(std::vector<uint64_t> shape) {
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  return shape;
}

}  // namespace

GraphBuilder::GraphBuilder(const ModelFile& file, std::string architecture)
    : file_(file) {
  graph_.architecture = std::move(architecture);
}

TensorId GraphBuilder::Tensor(const std::string& name,
                              std::vector<uint64_t> shape, Cut cut) {
  const std::string file = file_.path();
  const ModelTensor* found = file_.FindTensor(name);
  if (found == nullptr) {
    throw Error::Format(
        fmt::format("tensor {} of shape {} is missing", name, Shape(shape)))
        .In(file)
        .Advice("the file is cut, or holds another architecture than it says");
  }
  if (Trimmed(found->shape) != Trimmed(shape)) {
    throw Error::Format(
        fmt::format("tensor {} has shape {}, but the model's keys ask for {}",
                    name, Shape(found->shape), Shape(shape)))
        .In(file);
  }
  if (!Traits(found->type).supported) {
    throw Error::Unsupported(fmt::format("tensor {} has type {}, which this "
                                         "program can't compute with",
                                         name, TensorTypeName(found->type)))
        .In(file)
        .Advice("take a file of a K type, such as Q4_K_M");
  }
  const auto known =
      std::find_if(graph_.tensors.begin(), graph_.tensors.end(),
                   [&](const TensorSpec& spec) { return spec.name == name; });
  const auto index = static_cast<uint32_t>(known - graph_.tensors.begin());
  if (known == graph_.tensors.end()) {
    graph_.tensors.push_back({name, std::move(shape), cut});
  }
  return TensorId{index};
}

std::optional<TensorId> GraphBuilder::OptionalTensor(
    const std::string& name, std::vector<uint64_t> shape, Cut cut) {
  if (file_.FindTensor(name) == nullptr) return std::nullopt;
  return Tensor(name, std::move(shape), cut);
}

LinearPart GraphBuilder::Linear(const std::string& name, uint64_t input,
                                uint64_t output, Cut cut, ValueId out) {
  const Cut bias_cut = cut.axis == CutAxis::kOutput ? cut : Cut{};
  return {Tensor(name + ".weight", {input, output}, cut),
          OptionalTensor(name + ".bias", {output}, bias_cut), out};
}

ValueId GraphBuilder::Value(std::string name, uint64_t width) {
  graph_.values.push_back({std::move(name), width});
  return ValueId{static_cast<uint32_t>(graph_.values.size() - 1)};
}

RopeId GraphBuilder::Rope(RopeSpec spec) {
  graph_.ropes.push_back(spec);
  return RopeId{static_cast<uint32_t>(graph_.ropes.size() - 1)};
}

StateId GraphBuilder::State(std::string name, uint64_t width) {
  graph_.states.push_back({std::move(name), width});
  return StateId{static_cast<uint32_t>(graph_.states.size() - 1)};
}

}  // namespace fullstop
