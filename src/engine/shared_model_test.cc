#include "engine/shared_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/test_folder.h"
#include "engine/cached_sequence.h"
#include "format/hf_folder.h"
#include "model/architectures.h"
#include "model/load.h"
#include "model/table_model.h"
#include "model/tiny_models.h"

namespace fullstop {
namespace {

constexpr int32_t kVocabulary = 128;

std::vector<TokenId> Ids(std::string_view text) {
  return {text.begin(), text.end()};
}

// A model whose logits tell all ids before them, and which can be held.
class Table {
 public:
  explicit Table(int32_t context = 100000)
      : model_(kVocabulary, context,
               [this](std::span<const TokenId> ids) { return Logits(ids); }) {}

  static std::vector<float> LogitsOf(std::span<const TokenId> ids) {
    uint32_t hash = 1;
    for (const TokenId id : ids) {
      hash = (hash ^ static_cast<uint32_t>(id)) * 0x9E3779B1U;
      hash ^= hash >> 15;
    }
    std::vector<float> logits(kVocabulary);
    for (float& logit : logits) {
      hash = hash * 1664525 + 1013904223;
      logit = static_cast<float>(hash >> 8);
    }
    return logits;
  }

  TableModel& model() { return model_; }
  // Called for each row that wants logits.
  void OnLogits(std::function<void()> call) { on_logits_ = std::move(call); }

 private:
  std::vector<float> Logits(std::span<const TokenId> ids) {
    if (on_logits_) on_logits_();
    return LogitsOf(ids);
  }

  std::function<void()> on_logits_;
  TableModel model_;
};

TokenId Best(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) -
                              logits.begin());
}

// PROMPT and COUNT greedy tokens behind it.
std::vector<TokenId> Reply(ForwardModel& model,
                           const std::vector<TokenId>& prompt, size_t count,
                           int32_t rows = 512) {
  CachedSequence sequence(model, 0, rows);
  sequence.Prepare(prompt);
  for (size_t i = 0; i < count; ++i) sequence.Append(Best(sequence.logits()));
  return sequence.ids();
}

std::vector<TokenId> ReplyAlone(const std::vector<TokenId>& prompt,
                                size_t count) {
  std::vector<TokenId> ids = prompt;
  for (size_t i = 0; i < count; ++i) ids.push_back(Best(Table::LogitsOf(ids)));
  return ids;
}

TEST(SharedModelTest, AClientSeesAModelOfItsOwn) {
  Table table;
  SharedModel shared(table.model(), {});
  const auto one = shared.Connect();
  const auto other = shared.Connect();
  EXPECT_EQ(Reply(*one, Ids("abc"), 5), ReplyAlone(Ids("abc"), 5));
  CachedSequence held(*one, 0);
  held.Prepare(Ids("xyz"));
  EXPECT_EQ(one->SequenceLength(0), 3);
  EXPECT_EQ(other->SequenceLength(0), 0);
  one->CopySequence(0, 1, 2);
  EXPECT_EQ(one->SequenceLength(1), 2);
  one->CutSequence(1, 1);
  EXPECT_EQ(one->SequenceLength(1), 1);
  EXPECT_EQ(one->vocabulary_size(), kVocabulary);
  one->DropSequence(1);
}

TEST(SharedModelTest, RowsGetWhatTheyWant) {
  Table table;
  SharedModel shared(table.model(), {});
  const auto client = shared.Connect();
  const std::vector<TokenId> chosen = {3, 7};
  std::vector<Row> rows(3);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].position = static_cast<int32_t>(i);
    rows[i].token = static_cast<TokenId>(i + 40);
  }
  rows[0].want = Want::kHidden;
  rows[1].want = Want::kLogits;
  rows[2].want = Want::kTopLogits;
  rows[2].top_k = 2;
  rows[2].chosen = chosen;
  ForwardResult& result = client->Forward(rows, Phase::kPrefill);
  EXPECT_EQ(result.Hidden(0)[0], 40);
  const std::vector<float> second =
      Table::LogitsOf(std::vector<TokenId>{40, 41});
  EXPECT_TRUE(std::ranges::equal(result.Logits(1), second));
  const std::vector<float> third =
      Table::LogitsOf(std::vector<TokenId>{40, 41, 42});
  EXPECT_EQ(result.Top(2)[0].id, Best(third));
  EXPECT_EQ(result.Chosen(2)[1], third[7]);
  EXPECT_GT(result.LogSumExp(2), 0);
}

TEST(SharedModelTest, RepliesAtOnceAreThoseOfEachAlone) {
  Table table;
  SharedModel shared(table.model(),
                     {.rows = {.prefill_rows = 7, .mixed_rows = 3}});
  std::vector<std::future<std::vector<TokenId>>> replies;
  std::vector<std::vector<TokenId>> prompts;
  for (int i = 0; i < 16; ++i) {
    prompts.push_back(Ids("chat " +
                          std::string(static_cast<size_t>(i) * 3, 'x') +
                          std::to_string(i)));
  }
  for (const auto& prompt : prompts) {
    replies.push_back(std::async(std::launch::async, [&shared, prompt] {
      const auto client = shared.Connect();
      return Reply(*client, prompt, 40, 5);
    }));
  }
  for (size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(replies[i].get(), ReplyAlone(prompts[i], 40)) << i;
  }
  EXPECT_EQ(shared.counts().decode_rows, 16U * 40);
}

TEST(SharedModelTest, ABeginningThatManyShareIsEvaluatedOnce) {
  Table table;
  SharedModel shared(table.model(), {});
  const std::string prefix(1500, 'p');
  std::vector<std::future<std::vector<TokenId>>> replies;
  for (int i = 0; i < 50; ++i) {
    replies.push_back(std::async(std::launch::async, [&shared, &prefix, i] {
      const auto client = shared.Connect();
      return Reply(*client, Ids(prefix + "q" + std::to_string(i)), 2);
    }));
  }
  for (size_t i = 0; i < replies.size(); ++i) {
    const std::vector<TokenId> prompt = Ids(prefix + "q" + std::to_string(i));
    EXPECT_EQ(replies[i].get(), ReplyAlone(prompt, 2));
  }
  // "q" and the number, of which some share the first figure.
  EXPECT_LE(shared.counts().prefill_rows, 1500U + 50 * 3);
  EXPECT_GE(shared.counts().prefill_rows, 1500U + 50);
}

TEST(SharedModelTest, WhatNobodyUsesIsFoundAgain) {
  Table table;
  SharedModel shared(table.model(), {});
  {
    const auto client = shared.Connect();
    Reply(*client, Ids("the first turn"), 10);
  }
  const std::vector<TokenId> before = ReplyAlone(Ids("the first turn"), 10);
  std::vector<TokenId> next = before;
  next.push_back('n');
  const auto client = shared.Connect();
  CachedSequence sequence(*client, 0);
  const CachedSequence::Prepared prepared = sequence.Prepare(next);
  EXPECT_EQ(prepared.kept, static_cast<int32_t>(before.size()));
  EXPECT_EQ(prepared.evaluated, 1);
}

TEST(SharedModelTest, AnEarlierBranchIsFoundAgain) {
  Table table;
  SharedModel shared(table.model(), {});
  const auto client = shared.Connect();
  CachedSequence sequence(*client, 0);
  const std::string one = "begin" + std::string(200, '1');
  const std::string other = "begin" + std::string(200, '2');
  sequence.Prepare(Ids(one));
  EXPECT_EQ(sequence.Prepare(Ids(other)).kept, 5);
  EXPECT_EQ(sequence.Prepare(Ids(one + "!")).kept, 205);
  EXPECT_EQ(sequence.Prepare(Ids(other + "!")).kept, 205);
}

TEST(SharedModelTest, WhatNobodyUsesMakesRoom) {
  Table table;
  SharedModel shared(table.model(), {.rows = {}, .cache_bytes = 100});
  const auto client = shared.Connect();
  Reply(*client, Ids(std::string(60, 'a')), 1);
  EXPECT_EQ(shared.cache_bytes(), 61U);
  Reply(*client, Ids(std::string(60, 'b')), 1);
  EXPECT_EQ(shared.cache_bytes(), 61U);
  EXPECT_EQ(table.model().cache_bytes(), 61U);
}

TEST(SharedModelTest, ACallWithoutRoomFailsAndLeavesItsSequence) {
  Table table;
  SharedModel shared(table.model(), {.rows = {}, .cache_bytes = 100});
  const auto one = shared.Connect();
  const auto other = shared.Connect();
  CachedSequence first(*one, 0);
  first.Prepare(Ids(std::string(60, 'a')));
  CachedSequence second(*other, 0);
  try {
    second.Prepare(Ids(std::string(50, 'b')));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kLimit);
  }
  EXPECT_EQ(other->SequenceLength(0), 0);
  second.Prepare(Ids(std::string(40, 'b')));
  EXPECT_EQ(shared.cache_bytes(), 100U);
  EXPECT_THROW(first.Append('c'), Error);
}

TEST(SharedModelTest, AFailureIsItsOwnersAlone) {
  Table table;
  SharedModel shared(table.model(), {});
  const auto good = shared.Connect();
  const auto bad = shared.Connect();
  // Both are in one step: the first call holds the model until they wait.
  std::promise<void> entered;
  std::promise<void> go;
  std::atomic<bool> first = true;
  table.OnLogits([&] {
    if (!first.exchange(false)) return;
    entered.set_value();
    go.get_future().wait();
  });
  const auto holder = shared.Connect();
  auto held = std::async(std::launch::async,
                         [&] { return Reply(*holder, Ids("h"), 0); });
  entered.get_future().wait();
  auto fails = std::async(std::launch::async, [&] {
    const float embedding = 1;
    const Row row{.embedding = &embedding};
    bad->Forward({&row, 1}, Phase::kPrefill);
  });
  auto works = std::async(std::launch::async, [&] {
    Row row;
    row.token = 'w';
    row.want = Want::kLogits;
    const std::span<const float> logits =
        good->Forward({&row, 1}, Phase::kPrefill).Logits(0);
    return std::vector<float>(logits.begin(), logits.end());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  go.set_value();
  EXPECT_THROW(fails.get(), Error);
  EXPECT_EQ(works.get(), Table::LogitsOf(Ids("w")));
  held.get();
  EXPECT_EQ(bad->SequenceLength(0), 0);
}

std::vector<Row> RowsOf(const std::vector<TokenId>& ids) {
  std::vector<Row> rows(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    rows[i].position = static_cast<int32_t>(i);
    rows[i].token = ids[i];
  }
  return rows;
}

TEST(SharedModelTest, AShortPromptIsAnsweredWithinALongOne) {
  Table table;
  SharedModel shared(table.model(),
                     {.rows = {.prefill_rows = 32, .mixed_rows = 16}});
  std::vector<Row> rows = RowsOf(Ids(std::string(2000, 'l')));
  for (Row& row : rows) row.want = Want::kLogits;
  // The model is held until both calls wait.
  std::promise<void> entered;
  std::atomic<bool> held = true;
  table.OnLogits([&] {
    if (!held.exchange(false)) return;
    entered.set_value();
    while (shared.counts().waiting < 2) std::this_thread::yield();
  });
  std::atomic<bool> done = false;
  auto prompt = std::async(std::launch::async, [&] {
    shared.Connect()->Forward(rows, Phase::kPrefill);
    done = true;
  });
  entered.get_future().wait();
  const auto client = shared.Connect();
  std::vector<Row> few = RowsOf(Ids("sixteen letters."));
  few.back().want = Want::kLogits;
  client->Forward(few, Phase::kPrefill);
  EXPECT_FALSE(done);
  EXPECT_EQ(shared.counts().waiting, 1U);
  prompt.get();
  EXPECT_EQ(shared.counts().prefill_rows, 2016U);
}

TEST(SharedModelTest, ACancelledPromptIsNotWaitedFor) {
  Table table;
  SharedModel shared(table.model(), {});
  const auto one = shared.Connect();
  CachedSequence cancelled(*one, 0, 10);
  const std::string text(100, 't');
  const auto prepared = cancelled.Prepare(
      Ids(text), [](int32_t done, int32_t) { return done < 20; });
  EXPECT_TRUE(prepared.cancelled);
  const auto other = shared.Connect();
  EXPECT_FALSE(other->Recall(0, Ids(text)).awaited);
  CachedSequence sequence(*other, 0, 10);
  EXPECT_EQ(sequence.Prepare(Ids(text)).kept, 20);
  EXPECT_EQ(sequence.ids(), Ids(text));
}

TEST(SharedModelTest, ACallThatFailsHalfWayLeavesItsSequenceAsItWas) {
  Table table;
  SharedModel shared(table.model(),
                     {.rows = {.prefill_rows = 5, .mixed_rows = 5}});
  const auto client = shared.Connect();
  client->Forward(RowsOf(Ids("abc")), Phase::kPrefill);
  std::vector<Row> rows = RowsOf(Ids("abcdefghijklmnop"));
  rows.erase(rows.begin(), rows.begin() + 3);
  const float embedding = 1;
  rows.back().embedding = &embedding;
  EXPECT_THROW(client->Forward(rows, Phase::kPrefill), Error);
  EXPECT_EQ(client->SequenceLength(0), 3);
  EXPECT_EQ(table.model().cache_bytes(), 3U);
  rows.back().embedding = nullptr;
  rows.back().want = Want::kLogits;
  const std::span<const float> logits =
      client->Forward(rows, Phase::kPrefill).Logits(rows.size() - 1);
  EXPECT_TRUE(
      std::ranges::equal(logits, Table::LogitsOf(Ids("abcdefghijklmnop"))));
}

// Logits behind PROMPT and behind each of COUNT greedy tokens.
std::vector<std::vector<float>> LogitsAlong(ForwardModel& model,
                                            const std::vector<TokenId>& prompt,
                                            size_t count) {
  CachedSequence sequence(model, 0);
  sequence.Prepare(prompt);
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < count; ++i) {
    all.emplace_back(sequence.logits().begin(), sequence.logits().end());
    sequence.Append(Best(sequence.logits()));
  }
  return all;
}

// Of every architecture, recurrent ones too: prompts with a common beginning.
TEST(SharedModelTest, EveryArchitectureGivesTheBitsThatItGivesAlone) {
  size_t models = 0;
  for (const TinyModel& tiny : ReadTinyModels()) {
    if (tiny.logits.empty()) continue;
    ++models;
    SCOPED_TRACE(tiny.name);
    const TestFolder folder;
    const ModelFile file =
        ReadModelFolder(HfFolder::Open(WriteTinyModel(tiny, folder.path())));
    const auto model =
        LoadModel(file, {.context_length = 64, .threads = 2, .batch = 7});
    std::vector<std::vector<TokenId>> prompts;
    for (const TokenId last : tiny.ids) {
      prompts.push_back(tiny.ids);
      prompts.back().push_back(last);
      prompts.back().push_back(tiny.ids[prompts.size() % tiny.ids.size()]);
      if (prompts.size() == 5) break;
    }
    std::vector<std::vector<std::vector<float>>> alone;
    for (const auto& prompt : prompts) {
      alone.push_back(LogitsAlong(*model, prompt, 6));
    }
    SharedModel shared(*model, {.rows = {.prefill_rows = 5, .mixed_rows = 3}});
    std::vector<std::future<std::vector<std::vector<float>>>> together;
    for (const auto& prompt : prompts) {
      together.push_back(std::async(std::launch::async, [&shared, prompt] {
        const auto client = shared.Connect();
        return LogitsAlong(*client, prompt, 6);
      }));
    }
    for (size_t i = 0; i < prompts.size(); ++i) {
      EXPECT_EQ(together[i].get(), alone[i]) << "chat " << i;
    }
  }
  EXPECT_GT(models, 20U);
}

// Clients that come, go, cut, copy and fail at random: each reply is what it
// would be alone, and nothing of it is left behind.
TEST(SharedModelTest, ARandomLoadGivesEachWhatIsItsOwn) {
  Table table(400);
  {
    SharedModel shared(table.model(),
                       {.rows = {.prefill_rows = 9, .mixed_rows = 4},
                        .cache_bytes = 3000,
                        .kept_sequences = 5});
    std::vector<std::future<void>> clients;
    for (uint32_t seed = 0; seed < 8; ++seed) {
      clients.push_back(std::async(std::launch::async, [&shared, seed] {
        std::mt19937 random(seed);
        for (int chat = 0; chat < 40; ++chat) {
          const auto client = shared.Connect();
          CachedSequence sequence(*client, static_cast<SequenceId>(seed), 6);
          std::vector<TokenId> ids =
              Ids(std::string(random() % 60, 'c') + std::to_string(seed % 3));
          for (int turn = 0; turn < 4; ++turn) {
            sequence.Prepare(ids);
            for (uint32_t i = random() % 12; i > 0 && !sequence.full(); --i) {
              const TokenId next = Best(sequence.logits());
              ASSERT_EQ(next, Best(Table::LogitsOf(sequence.ids())));
              sequence.Append(next);
            }
            ids = sequence.ids();
            if (random() % 3 == 0) ids.resize(1 + random() % ids.size());
            ids.push_back('u');
          }
        }
      }));
    }
    for (auto& client : clients) client.get();
  }
  EXPECT_EQ(table.model().cache_bytes(), 0U);
}

}  // namespace
}  // namespace fullstop
