// One draw from a whole vocabulary, beside the limit: reading the logits once
// and writing a copy. Arguments: the vocabulary's size in thousands.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "generate/loop_detector.h"
#include "generate/sampler_chain.h"

namespace fullstop {
namespace {

// Logits as a language model's: a broad middle and a few dozen that stand out.
std::vector<float> MakeLogits(size_t size, float deviation) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = normal(random);
  for (int rank = 1; rank <= 40; ++rank) {
    logits[random() % size] =
        8 * deviation - 1.2f * std::log(static_cast<float>(rank));
  }
  return logits;
}

SamplingParams Default() { return {}; }

SamplingParams Declared() {
  SamplingParams params;
  params.top_k = 40;
  params.repeat_penalty = 1.1f;
  return params;
}

SamplingParams Typical() {
  SamplingParams params;
  params.typ_p = 0.9f;
  return params;
}

SamplingParams Unfiltered() {
  SamplingParams params;
  params.top_p = 1.0f;
  params.min_p = 0.0f;
  return params;
}

size_t SizeOf(const benchmark::State& state) {
  return static_cast<size_t>(state.range(0)) * 1024;
}

void Draw(benchmark::State& state, const SamplingParams& params,
          float deviation) {
  const std::vector<float> logits = MakeLogits(SizeOf(state), deviation);
  SamplerChain chain(params, {.size = logits.size(), .stop_ids = {2, 7}});
  uint64_t position = 0;
  for (auto _ : state) {
    const SampleRecord record = chain.Sample(logits, {.position = position++});
    benchmark::DoNotOptimize(record.id);
    if (position % 256 != 0) chain.Accept(record.id);
  }
}

void Memcpy(benchmark::State& state) {
  const std::vector<float> logits = MakeLogits(SizeOf(state), 2.5f);
  std::vector<float> copy(logits.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), logits.data(), logits.size() * sizeof(float));
    benchmark::ClobberMemory();
  }
}

void LoopDetection(benchmark::State& state) {
  std::mt19937_64 random(1);
  LoopDetector detector;
  for (auto _ : state) {
    detector.Accept(static_cast<TokenId>(random() % 1000));
    benchmark::DoNotOptimize(detector.held());
  }
}

#define SIZES Arg(32)->Arg(128)->Arg(256)->Unit(benchmark::kMicrosecond)
BENCHMARK(Memcpy)->SIZES;
BENCHMARK_CAPTURE(Draw, default, Default(), 2.5f)->SIZES;
BENCHMARK_CAPTURE(Draw, flat, Default(), 0.1f)->SIZES;
BENCHMARK_CAPTURE(Draw, top_k_and_penalty, Declared(), 2.5f)->SIZES;
BENCHMARK_CAPTURE(Draw, typical_p, Typical(), 2.5f)->SIZES;
BENCHMARK_CAPTURE(Draw, unfiltered, Unfiltered(), 2.5f)->SIZES;
#undef SIZES
BENCHMARK(LoopDetection)->Iterations(100'000);

}  // namespace
}  // namespace fullstop
