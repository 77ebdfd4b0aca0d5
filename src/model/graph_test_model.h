// Small random models that tests write step by step, and what must hold of each
// of them. For the tests of this room; no part of the library.
#ifndef FULLSTOP_MODEL_GRAPH_TEST_MODEL_H_
#define FULLSTOP_MODEL_GRAPH_TEST_MODEL_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "kernels/test_data.h"
#include "model/cpu_model.h"
#include "model/float64_graph.h"
#include "model/graph.h"

namespace fullstop {

inline constexpr uint64_t kTestVocabulary = 48;
inline constexpr uint64_t kTestWidth = 32;

// A graph that begins with the embedding of a token, in x(), and ends with a
// norm of it and the head.
class TestGraph {
 public:
  TestGraph() {
    graph_.architecture = "test";
    graph_.vocabulary = kTestVocabulary;
    graph_.embedding = kTestWidth;
    graph_.trained_context = 256;
    table_ = Tensor("table", {kTestWidth, kTestVocabulary}, 1);
    Add(EmbedStep{table_, x_});
  }

  Graph& graph() { return graph_; }
  ValueId x() const { return x_; }

  // Normally distributed numbers around MEAN.
  TensorId Tensor(const std::string& name, std::vector<uint64_t> shape,
                  double deviation, double mean = 0) {
    uint64_t count = 1;
    for (const uint64_t n : shape) count *= n;
    std::normal_distribution<double> normal(mean, deviation);
    std::vector<float>& numbers = numbers_.emplace_back(count);
    for (float& x : numbers) x = static_cast<float>(normal(random_));
    writer_.AddTensor(name, TensorType::kF32, shape,
                      std::as_bytes(std::span(numbers)));
    graph_.tensors.push_back({name, std::move(shape), {}});
    return TensorId{static_cast<uint32_t>(graph_.tensors.size() - 1)};
  }
  // Packed weights of the order of 0.1.
  TensorId Packed(const std::string& name, std::vector<uint64_t> shape,
                  TensorType type) {
    uint64_t rows = 1;
    for (size_t i = 1; i < shape.size(); ++i) rows *= shape[i];
    const kernels::GuardedBytes& bytes =
        packed_
            .emplace_back(kernels::MakeRandomMatrix(
                type, static_cast<int64_t>(rows),
                static_cast<int64_t>(shape[0]), random_))
            .bytes;
    writer_.AddTensor(name, type, shape, {bytes.data(), bytes.size()});
    graph_.tensors.push_back({name, std::move(shape), {}});
    return TensorId{static_cast<uint32_t>(graph_.tensors.size() - 1)};
  }
  bool has_packed() const { return !packed_.empty(); }
  // A matrix that keeps the size of what it is multiplied with.
  TensorId Matrix(const std::string& name, uint64_t in, uint64_t out,
                  double size = 1) {
    return Tensor(name, {in, out}, size / std::sqrt(static_cast<double>(in)));
  }
  ValueId Value(const std::string& name, uint64_t width) {
    graph_.values.push_back({name, width});
    return ValueId{static_cast<uint32_t>(graph_.values.size() - 1)};
  }
  RopeId Rope(RopeSpec spec) {
    graph_.ropes.push_back(spec);
    return RopeId{static_cast<uint32_t>(graph_.ropes.size() - 1)};
  }
  StateId State(uint64_t width) {
    graph_.states.push_back({"state", width});
    return StateId{static_cast<uint32_t>(graph_.states.size() - 1)};
  }
  template <typename Op>
  void Add(Op op) {
    graph_.steps.push_back(
        {std::to_string(graph_.steps.size()), std::move(op)});
  }
  // A value of WIDTH that a random matrix makes of IN.
  ValueId Project(const std::string& name, ValueId in, uint64_t width,
                  double size = 1) {
    const ValueId out = Value(name, width);
    Add(LinearStep{in,
                   {{Matrix(name, graph_.value(in).width, width, size),
                     std::nullopt, out}}});
    return out;
  }
  // Adds VALUE, of the width of x, to it.
  void AddToX(ValueId value) { Add(AddStep{value, x_}); }

  // Ends the graph. FILE is made of BYTES, which must outlive it.
  std::string Finish() {
    Add(SelectStep{{x_}});
    const ValueId hidden = Value("hidden", kTestWidth);
    Add(NormStep{x_, Tensor("norm", {kTestWidth}, 0.3, 1), 1e-5, hidden});
    graph_.hidden = hidden;
    graph_.head = table_;
    return writer_.ToString();
  }

 private:
  std::mt19937_64 random_{11};
  // Where the writer finds them; a deque leaves them where they are.
  std::deque<std::vector<float>> numbers_;
  std::deque<kernels::RandomMatrix> packed_;
  GgufWriter writer_;
  Graph graph_;
  TensorId table_{};
  ValueId x_ = Value("x", kTestWidth);
};

// The first step of a kind.
template <typename Op>
Op& Find(Graph& graph) {
  for (Step& step : graph.steps) {
    if (auto* op = std::get_if<Op>(&step.op)) return *op;
  }
  throw Error::NotFound("the step");
}

// What a step does can be seen: without it the logits move by more than so many
// times the reference's bound.
inline constexpr double kSeen = 100;

using AllLogits = std::vector<std::vector<float>>;

// Evaluates IDS[begin, end) of SEQUENCE, so many rows a call.
inline AllLogits Evaluate(ForwardModel& model, std::span<const TokenId> ids,
                          size_t begin, size_t end, Phase phase,
                          size_t rows_per_call, SequenceId sequence = 0) {
  AllLogits all;
  for (size_t i = begin; i < end; i += rows_per_call) {
    std::vector<Row> rows;
    for (size_t p = i; p < std::min(i + rows_per_call, end); ++p) {
      rows.push_back({.sequence = sequence,
                      .position = static_cast<int32_t>(p),
                      .token = ids[p],
                      .want = Want::kLogits});
    }
    ForwardResult& result = model.Forward(rows, phase);
    for (size_t row = 0; row < rows.size(); ++row) {
      const std::span<const float> logits = result.Logits(row);
      all.emplace_back(logits.begin(), logits.end());
    }
  }
  return all;
}

class GraphChecker {
 public:
  explicit GraphChecker(TestGraph& test, size_t length = 150)
      : has_packed_(test.has_packed()),
        bytes_(test.Finish()),
        file_(GgufFile::Parse(std::as_bytes(std::span(bytes_)), "test.gguf")),
        graph_(test.graph()) {
    std::mt19937_64 random(3);
    for (size_t i = 0; i < length; ++i) {
      ids_.push_back(static_cast<TokenId>(random() % kTestVocabulary));
    }
  }

  // All that holds of every graph.
  void CheckAll() {
    CheckNumbers();
    for (const kernels::CpuPath path : kernels::Kernels::AvailablePaths()) {
      SCOPED_TRACE(CpuPathName(path));
      CheckBatches(path);
      CheckSequences(path);
    }
  }

  // The logits are float64's on every path, in both phases.
  void CheckNumbers() {
    const auto want = Float64Graph(graph_, file_, kContext).Logits(ids_);
    for (const kernels::CpuPath path : kernels::Kernels::AvailablePaths()) {
      for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
        for (const WeightPlacement placement : Placements()) {
          CpuModel model = Model(path, 2, 512, placement);
          const AllLogits ours =
              Evaluate(model, ids_, 0, ids_.size(), phase, 64);
          EXPECT_LE(Difference(ours, want), Bound(path, phase))
              << CpuPathName(path)
              << (phase == Phase::kPrefill ? ", prefill" : ", decode")
              << (placement == WeightPlacement::kCopied ? ", copied" : "");
        }
      }
    }
  }

  // How far EDIT moves the logits, relative to the bound of the reference.
  template <typename Edit>
  double Moves(Edit edit) {
    Graph other = graph_;
    edit(other);
    const auto want = Float64Graph(graph_, file_, kContext).Logits(ids_);
    const auto moved = Float64Graph(other, file_, kContext).Logits(ids_);
    return Difference(moved, want) /
           Bound(kernels::CpuPath::kReference, Phase::kPrefill);
  }

  // The same bits in any batch, chunk and number of threads.
  void CheckBatches(kernels::CpuPath path) {
    for (const Phase phase : {Phase::kPrefill, Phase::kDecode}) {
      for (const WeightPlacement placement : Placements()) {
        CpuModel one = Model(path, 1, 512, placement);
        const AllLogits whole =
            Evaluate(one, ids_, 0, ids_.size(), phase, ids_.size());
        CpuModel three = Model(path, 3, 7, placement);
        EXPECT_TRUE(Evaluate(three, ids_, 0, ids_.size(), phase, 40) == whole);
        CpuModel two = Model(path, 2, 64, placement);
        EXPECT_TRUE(Evaluate(two, ids_, 0, ids_.size(), phase, 1) == whole);
      }
    }
  }

  // Copied and cut sequences go on as if evaluated anew, beside others.
  void CheckSequences(kernels::CpuPath path) {
    CpuModel model = Model(path, 2, 64);
    const size_t end = ids_.size();
    const AllLogits whole = Evaluate(model, ids_, 0, end, Phase::kPrefill, end);
    for (const size_t at :
         {end - 1, end - 20, size_t{70}, size_t{64}, size_t{5}}) {
      const AllLogits tail(whole.begin() + static_cast<ptrdiff_t>(at),
                           whole.end());
      model.CopySequence(0, 1, static_cast<int32_t>(at));
      EXPECT_EQ(model.SequenceLength(1), static_cast<int32_t>(at));
      EXPECT_TRUE(Evaluate(model, ids_, at, end, Phase::kPrefill, 33, 1) ==
                  tail);
      // Another text behind the cut, then the same again.
      model.CutSequence(1, static_cast<int32_t>(at));
      const std::vector<TokenId> other(ids_.size(), 9);
      Evaluate(model, other, at, std::min(at + 9, end), Phase::kDecode, 1, 1);
      model.CutSequence(1, static_cast<int32_t>(at));
      EXPECT_TRUE(Evaluate(model, ids_, at, end, Phase::kPrefill, 33, 1) ==
                  tail);
      model.DropSequence(1);
    }
    CheckCutsInDecode(model, whole);
    model.CutSequence(0, 30);
    model.CopySequence(0, 0, 10);
    EXPECT_TRUE(Evaluate(model, ids_, 10, end, Phase::kPrefill, 50) ==
                AllLogits(whole.begin() + 10, whole.end()));
  }

  // What was decoded and cut is decoded to the same bits, by the sequence and
  // by a copy of it. WHOLE is what prefill gives.
  void CheckCutsInDecode(ForwardModel& model, const AllLogits& whole) {
    const size_t end = ids_.size();
    Evaluate(model, ids_, 0, end - 50, Phase::kPrefill, 64, 2);
    const AllLogits decoded =
        Evaluate(model, ids_, end - 50, end, Phase::kDecode, 1, 2);
    for (const size_t back : {1, 7, 33, 49}) {
      const AllLogits tail(decoded.end() - static_cast<ptrdiff_t>(back),
                           decoded.end());
      model.CopySequence(2, 3, static_cast<int32_t>(end - back));
      model.CutSequence(2, static_cast<int32_t>(end - back));
      for (const SequenceId sequence : {2, 3}) {
        EXPECT_TRUE(Evaluate(model, ids_, end - back, end, Phase::kDecode, 1,
                             sequence) == tail)
            << "the last " << back << " positions of sequence " << sequence;
      }
    }
    model.CutSequence(2, 40);
    EXPECT_TRUE(Evaluate(model, ids_, 40, end, Phase::kPrefill, 64, 2) ==
                AllLogits(whole.begin() + 40, whole.end()));
    model.DropSequence(2);
    model.DropSequence(3);
  }

  // Rows that bring their embedding go on as tokens do, behind a cut too.
  void CheckEmbeddedRows() {
    std::mt19937_64 random(4);
    std::normal_distribution<float> normal;
    std::vector<std::vector<float>> embeddings(90);
    for (auto& embedding : embeddings) {
      for (uint64_t i = 0; i < kTestWidth; ++i) {
        embedding.push_back(normal(random));
      }
    }
    const auto evaluate = [&](ForwardModel& model, size_t begin) {
      std::vector<Row> rows;
      for (size_t p = begin; p < embeddings.size(); ++p) {
        rows.push_back({.position = static_cast<int32_t>(p),
                        .embedding = embeddings[p].data(),
                        .want = Want::kLogits});
      }
      ForwardResult& result = model.Forward(rows, Phase::kPrefill);
      AllLogits all;
      for (size_t i = 0; i < rows.size(); ++i) {
        all.emplace_back(result.Logits(i).begin(), result.Logits(i).end());
      }
      return all;
    };
    CpuModel model = Model(kernels::CpuPath::kReference, 1, 64);
    const AllLogits whole = evaluate(model, 0);
    model.CutSequence(0, 50);
    EXPECT_TRUE(evaluate(model, 50) ==
                AllLogits(whole.begin() + 50, whole.end()));
  }

  // Rows of two sequences in turn, in one call.
  void CheckInterleaved() {
    CpuModel alone = Model(kernels::CpuPath::kReference, 1, 64);
    const AllLogits whole = Evaluate(alone, ids_, 0, 100, Phase::kPrefill, 100);
    CpuModel model = Model(kernels::CpuPath::kReference, 3, 33);
    std::vector<Row> rows;
    for (size_t p = 0; p < 100; ++p) {
      for (const SequenceId sequence : {0, 1}) {
        rows.push_back({.sequence = sequence,
                        .position = static_cast<int32_t>(p),
                        .token = sequence == 0 ? ids_[p] : 7,
                        .want = Want::kLogits});
      }
    }
    ForwardResult& result = model.Forward(rows, Phase::kPrefill);
    for (size_t p = 0; p < 100; ++p) {
      const std::span<const float> ours = result.Logits(2 * p);
      EXPECT_TRUE(std::equal(ours.begin(), ours.end(), whole[p].begin())) << p;
    }
  }

 private:
  static constexpr int32_t kContext = 200;

  // Packed weights may lie otherwise where they are copied.
  std::vector<WeightPlacement> Placements() const {
    if (!has_packed_) return {WeightPlacement::kMapped};
    return {WeightPlacement::kMapped, WeightPlacement::kCopied};
  }

  CpuModel Model(kernels::CpuPath path, int32_t threads, int32_t batch,
                 WeightPlacement placement = WeightPlacement::kMapped) {
    return CpuModel(file_, graph_,
                    {.context_length = kContext,
                     .threads = threads,
                     .batch = batch,
                     .cache_type = kernels::CacheType::kF32,
                     .placement = placement},
                    kernels::Kernels::Select(path));
  }

  // The largest difference, relative to the largest logit.
  template <typename A>
  static double Difference(const std::vector<A>& a,
                           const std::vector<std::vector<double>>& b) {
    double worst = 0;
    double largest = 0;
    for (size_t p = 0; p < b.size(); ++p) {
      for (size_t i = 0; i < b[p].size(); ++i) {
        const double difference = std::abs(a[p][i] - b[p][i]);
        if (!(difference <= worst)) worst = difference;
        largest = std::max(largest, std::abs(b[p][i]));
      }
    }
    return worst / largest;
  }

  // Where all weights and caches are floats, what is left are roundings of
  // 2^-24, of sums in double on the reference's path. Sharp attention, an
  // exponential of scores up to some 50, feels them so many times larger, layer
  // by layer. Attention on tiles has 16 bits of each number. For packed weights
  // the fast paths round activations to 14 bits, tiles round them and weights
  // to the 8 of bfloat16.
  double Bound(kernels::CpuPath path, Phase phase) const {
    if (path == kernels::CpuPath::kReference) return 0x1p-16;
    const bool tiles =
        path == kernels::CpuPath::kAmx && phase == Phase::kPrefill;
    if (!has_packed_) return tiles ? 0x1p-10 : 0x1p-14;
    return tiles ? 0x1p-5 : 0x1p-9;
  }

  const bool has_packed_;
  const std::string bytes_;
  const GgufFile file_;
  const Graph graph_;
  std::vector<TokenId> ids_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_GRAPH_TEST_MODEL_H_
