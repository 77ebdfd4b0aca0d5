// Replies of many chats at once from one model, which FULLSTOP_MODEL names.
//
// BM_Chats: each has a prompt of 32 tokens and 64 greedy ones behind it.
// Argument: how many chats. Rates count generated tokens; `together` is the
// rate of all beside that of one chat alone, `share` what each gets of it.
//
// BM_SharedPrefix: 50 chats, each with the same 1,500 tokens and 8 of its own
// as its prompt, and a reply of 8. `evaluated` is how many prompt tokens were,
// `memory` what all keys and values take, beside what they would take apart.
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

std::vector<TokenId> Text(TokenId number, TokenId length) {
  const int32_t size = Model().vocabulary_size();
  std::vector<TokenId> ids;
  for (TokenId i = 0; i < length; ++i) {
    ids.push_back((i * 7919 + number * 104729 + 13) % size);
  }
  return ids;
}

void Reply(const std::vector<TokenId>& prompt, int length,
           CachedSequence* sequence) {
  sequence->Prepare(prompt);
  for (int i = 0; i < length; ++i) {
    const auto best = std::ranges::max_element(sequence->logits());
    sequence->Append(static_cast<TokenId>(best - sequence->logits().begin()));
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
        CachedSequence sequence(*client, 0);
        Reply(Text(chat, kPrompt), kReply, &sequence);
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

void BM_SharedPrefix(benchmark::State& state) {
  constexpr TokenId kChats = 50;
  constexpr TokenId kShared = 1500;
  constexpr TokenId kOwn = 8;
  uint64_t evaluated = 0;
  uint64_t bytes = 0;
  for (auto _ : state) {
    SharedModel shared(Model(), {});
    std::vector<std::unique_ptr<ForwardModel>> clients;
    std::vector<std::unique_ptr<CachedSequence>> sequences;
    std::vector<std::thread> threads;
    for (TokenId chat = 0; chat < kChats; ++chat) {
      clients.push_back(shared.Connect());
      sequences.push_back(std::make_unique<CachedSequence>(*clients.back(), 0));
      threads.emplace_back([chat, sequence = sequences.back().get()] {
        std::vector<TokenId> prompt = Text(kChats, kShared);
        const std::vector<TokenId> own = Text(chat, kOwn);
        prompt.insert(prompt.end(), own.begin(), own.end());
        Reply(prompt, kOwn, sequence);
      });
    }
    for (std::thread& thread : threads) thread.join();
    evaluated = shared.counts().prefill_rows;
    bytes = shared.cache_bytes();
    sequences.clear();
    clients.clear();
  }
  const auto apart =
      kChats * static_cast<double>(Model().SequenceBytes(kShared + 2 * kOwn));
  state.counters["evaluated"] = static_cast<double>(evaluated);
  state.counters["memory"] = static_cast<double>(bytes);
  state.counters["of_apart"] = static_cast<double>(bytes) / apart;
}
BENCHMARK(BM_SharedPrefix)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace fullstop
