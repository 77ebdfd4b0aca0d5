// Replies of many chats at once from one model, each with a prompt of 32 tokens
// and 64 greedy ones behind it. Arguments: how many chats. FULLSTOP_MODEL names
// the model. Rates count generated tokens; `share` is a reply's rate beside
// that of one chat alone, `together` the rate of all beside it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "engine/cached_sequence.h"
#include "engine/loaded_model.h"
#include "engine/shared_model.h"

namespace fullstop {
namespace {

constexpr int kPrompt = 32;
constexpr int kReply = 64;

ForwardModel& Model() {
  static const char* const path = std::getenv("FULLSTOP_MODEL");
  static LoadedModel model(path == nullptr ? "" : path);
  return model.forward();
}

void Reply(ForwardModel& model, TokenId chat) {
  CachedSequence sequence(model, 0);
  std::vector<TokenId> prompt;
  for (TokenId i = 0; i < kPrompt; ++i) {
    prompt.push_back((i * 7919 + chat * 104729 + 13) % model.vocabulary_size());
  }
  sequence.Prepare(prompt);
  for (int i = 0; i < kReply; ++i) {
    const auto best = std::ranges::max_element(sequence.logits());
    sequence.Append(static_cast<TokenId>(best - sequence.logits().begin()));
  }
}

// Tokens per second of CHATS at once.
double Rate(TokenId chats) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  {
    SharedModel shared(Model(), {.rows = {}, .kept_sequences = 0});
    std::vector<std::thread> threads;
    for (TokenId chat = 0; chat < chats; ++chat) {
      threads.emplace_back([&shared, chat] {
        const auto client = shared.Connect();
        Reply(*client, chat);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  return kReply * static_cast<double>(chats) / took.count();
}

void BM_Chats(benchmark::State& state) {
  const auto chats = static_cast<TokenId>(state.range(0));
  std::vector<double> together;
  double rate = 0;
  Rate(1);
  for (auto _ : state) {
    const double alone = Rate(1);
    rate = Rate(chats);
    together.push_back(rate / alone);
  }
  std::ranges::sort(together);
  const double median = together[together.size() / 2];
  state.counters["rate"] = rate;
  state.counters["together"] = median;
  state.counters["share"] = median / static_cast<double>(chats);
}
BENCHMARK(BM_Chats)
    ->Arg(2)
    ->Arg(4)
    ->Arg(16)
    ->Arg(64)
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace fullstop
