// The kernels beside the limits of the machine, one thread, in one run:
//   limit/read/PATH          a plain read of memory, GB/s
//   limit/multiply/PATH      multiplications and additions in registers, G/s
//   decode/PATH/TYPE         packed weights streamed, GB/s
//   decode_cached/PATH/TYPE  the same out of the cache: what computing takes
//   prefill/PATH/TYPE        multiplications and additions of a product, G/s
// Rates are per second of the thread's own processor time, so that other load
// on the machine disturbs them less.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/strips.h"
#include "kernels/test_data.h"

namespace fullstop::kernels {
namespace {

constexpr int64_t kColumns = 2048;
constexpr size_t kStreamBytes = 256u << 20;  // well past the caches
constexpr size_t kCachedBytes = 1u << 20;    // in the second-level cache

using benchmark::Counter;
using benchmark::State;

void Rate(State& state, const char* name, double per_iteration) {
  state.counters[name] =
      Counter(per_iteration * 1e-9 * static_cast<double>(state.iterations()),
              Counter::kIsRate);
}

void ReadMemory(State& state, CpuPath path) {
  const Kernels kernels = Kernels::Select(path);
  const std::vector<uint32_t> memory(kStreamBytes / sizeof(uint32_t), 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels.ReadMemory(memory.data(), kStreamBytes));
  }
  Rate(state, "GB/s", static_cast<double>(kStreamBytes));
}

void MultiplyInRegisters(State& state, CpuPath path) {
  const Kernels kernels = Kernels::Select(path);
  double operations = 0;
  for (auto _ : state) operations = kernels.MultiplyInRegisters(10000);
  Rate(state, "G/s", operations);
}

// OUTPUTS rows, of which 64 are random and the others repeat them.
RandomMatrix MakeLargeMatrix(TensorType type, int64_t outputs, Layout layout) {
  constexpr int64_t kRandomRows = 64;
  std::mt19937_64 random(1);
  RandomMatrix part = MakeRandomMatrix(type, kRandomRows, kColumns, random);
  if (layout == Layout::kStrips) part = StripsOf(part.matrix);
  GuardedBytes bytes(static_cast<size_t>(outputs * part.matrix.row_bytes));
  for (size_t at = 0; at < bytes.size(); at += part.bytes.size()) {
    std::memcpy(bytes.data() + at, part.bytes.data(),
                std::min(part.bytes.size(), bytes.size() - at));
  }
  Matrix matrix = part.matrix;
  matrix.data = bytes.data();
  matrix.rows = outputs;
  return {std::move(bytes), matrix};
}

struct Case {
  CpuPath path;
  TensorType type;
  Layout layout;
};

// A product of ROWS rows with a matrix.
struct Product {
  Product(const Case& c, Phase phase_in, int64_t rows, int64_t outputs)
      : kernels(Kernels::Select(c.path)),
        phase(phase_in),
        w(MakeLargeMatrix(c.type, outputs, c.layout)),
        x(static_cast<size_t>(rows * kColumns), 0.5f),
        y(static_cast<size_t>(rows * outputs)),
        prepared(kernels.PreparedBytes(phase, rows, kColumns)),
        scratch(kernels.LinearScratchBytes(phase, kColumns)),
        input{x.data(), kColumns, rows, kColumns, nullptr} {}

  void Prepare() {
    kernels.PrepareLinear(phase, input, 0, input.rows, prepared.data());
    input.prepared = prepared.data();
  }
  void Run() {
    kernels.Linear(phase, input, w.matrix, 0, w.matrix.rows, y.data(),
                   w.matrix.rows, scratch.data());
  }

  Kernels kernels;
  Phase phase;
  RandomMatrix w;
  std::vector<float> x;
  std::vector<float> y;
  AlignedBytes prepared;
  AlignedBytes scratch;
  LinearInput input;
};

// Whole strips of rows.
void Decode(State& state, Case c, size_t bytes, int64_t rows) {
  const auto strip_bytes =
      kStripRows *
      static_cast<size_t>(*RowBytes(c.type, static_cast<uint64_t>(kColumns)));
  Product product(c, Phase::kDecode, rows,
                  static_cast<int64_t>(bytes / strip_bytes) * kStripRows);
  for (auto _ : state) {
    product.Prepare();
    product.Run();
  }
  Rate(state, "GB/s", static_cast<double>(product.w.bytes.size()));
}

void Prefill(State& state, Case c, int64_t rows) {
  const int64_t outputs = c.path == CpuPath::kReference ? 16 : 2048;
  Product product(c, Phase::kPrefill, rows, outputs);
  for (auto _ : state) {
    product.Prepare();
    product.Run();
  }
  Rate(state, "G/s", 2.0 * static_cast<double>(rows * outputs * kColumns));
}

// One layer of a model of 1 B parameters: 32 heads of 64, 8 KV heads, 2,048
// positions before the rows.
void Attend(State& state, CpuPath path, Phase phase, int64_t rows) {
  constexpr int64_t kHeads = 32;
  constexpr int64_t kKvHeads = 8;
  constexpr int64_t kHeadDim = 64;
  constexpr int64_t kPast = 2048;
  std::mt19937_64 random(1);
  const Kernels kernels = Kernels::Select(path);
  const int64_t positions = kPast + (rows + 63) / 64 * 64;
  const auto elements = static_cast<size_t>(kKvHeads * positions * kHeadDim);
  const std::vector<float> values = RandomFloats(elements, random);
  std::vector<uint16_t> cache(elements);
  kernels.F32ToF16(values.data(), static_cast<int64_t>(elements), cache.data());
  std::vector<float> q =
      RandomFloats(static_cast<size_t>(rows * kHeads * kHeadDim), random);
  AlignedBytes scratch(
      kernels.AttentionScratchBytes(phase, kHeads, kKvHeads, kHeadDim));
  const void* page = cache.data();
  std::vector<float> out(q.size());
  const KvStride stride = {positions * kHeadDim, kHeadDim};
  const AttentionInput input = {
      .q = q.data(),
      .q_stride = kHeads * kHeadDim,
      .out = out.data(),
      .out_stride = kHeads * kHeadDim,
      .rows = rows,
      .first_position = kPast,
      .heads = kHeads,
      .kv_heads = kKvHeads,
      .head_dim = kHeadDim,
      .value_dim = kHeadDim,
      .scale = 0.125f,
      .cache = {CacheType::kF16, &page, &page, static_cast<int32_t>(positions),
                stride, stride}};
  for (auto _ : state) {
    kernels.Attention(phase, input, 0, rows, 0, kKvHeads, scratch.data());
  }
  const auto seen = static_cast<double>(kPast + rows / 2);
  Rate(state, "G/s",
       4.0 * static_cast<double>(rows * kHeads * kHeadDim) * seen);
  Rate(state, "GB/s", 4.0 * static_cast<double>(kKvHeads * kHeadDim) * seen);
}

void TopK(State& state, CpuPath path) {
  std::mt19937_64 random(1);
  const Kernels kernels = Kernels::Select(path);
  const std::vector<float> x = RandomFloats(128000, random);
  IndexedValue out[40];
  for (auto _ : state) {
    kernels.TopK(x.data(), static_cast<int64_t>(x.size()), 40, out);
    benchmark::DoNotOptimize(kernels.LogSumExp(x.data(), 128000));
  }
}

// Building a matrix takes longer than a product, so each benchmark runs once,
// for a fixed number of iterations.
template <typename... Arguments>
void Register(const std::string& name, int64_t iterations,
              Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), arguments...)
      ->Iterations(iterations);
}

void RegisterPath(CpuPath path) {
  const std::string name(CpuPathName(path));
  const bool slow = path == CpuPath::kReference;
  Register("limit/read/" + name, 10, ReadMemory, path);
  Register("limit/multiply/" + name, 100, MultiplyInRegisters, path);
  const size_t stream = slow ? kStreamBytes / 256 : kStreamBytes;
  for (const TensorType type : AllTypes()) {
    for (const Layout layout : {Layout::kRows, Layout::kStrips}) {
      const bool strips = layout == Layout::kStrips;
      if (strips && !Kernels::Select(path).ReadsStrips(type)) continue;
      const Case c = {path, type, layout};
      const std::string tail = name + "/" + std::string(TensorTypeName(type)) +
                               (strips ? "_strips" : "");
      Register("decode/" + tail, 10, Decode, c, stream, 1);
      Register("decode_cached/" + tail, slow ? 1 : 300, Decode, c, kCachedBytes,
               1);
      Register("decode_16_rows/" + tail, slow ? 1 : 3, Decode, c, stream, 16);
      Register("prefill/" + tail, slow ? 1 : 5, Prefill, c, 512);
    }
  }
  Register("attention_decode/" + name, 50, Attend, path, Phase::kDecode, 1);
  Register("attention_prefill/" + name, slow ? 1 : 3, Attend, path,
           Phase::kPrefill, 256);
  Register("top_40_of_128000/" + name, 100, TopK, path);
}

const bool kRegistered = [] {
  for (const CpuPath path : Kernels::AvailablePaths()) RegisterPath(path);
  return true;
}();

}  // namespace
}  // namespace fullstop::kernels
