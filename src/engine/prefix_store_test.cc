#include "engine/prefix_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Match = PrefixStore::Match;

std::vector<TokenId> Ids(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(PrefixStoreTest, TheLongestBeginningIsFound) {
  PrefixStore store;
  store.Append(1, Ids("abc"));
  store.Append(2, Ids("abcd"));
  store.Append(2, Ids("ef"));
  store.Append(3, Ids("xabcdef"));
  EXPECT_EQ(store.Find(Ids("abcdeZ")), (Match{2, 5}));
  EXPECT_EQ(store.Find(Ids("abcX")), (Match{1, 3}));
  EXPECT_EQ(store.Find(Ids("q")), Match());
  store.Cut(2, 1);
  EXPECT_EQ(store.Find(Ids("abcdeZ")), (Match{1, 3}));
  store.Drop(1);
  EXPECT_EQ(store.Find(Ids("abcdeZ")), (Match{2, 1}));
}

TEST(PrefixStoreTest, ACopyHoldsTheBeginning) {
  PrefixStore store;
  store.Append(1, Ids("abcdef"));
  store.Append(2, Ids("z"));
  store.Copy(1, 2, 4);
  EXPECT_THAT(store.Ids(2), ElementsAre('a', 'b', 'c', 'd'));
  store.Copy(7, 2, 0);
  EXPECT_THAT(store.Ids(2), IsEmpty());
}

TEST(PrefixStoreTest, APositionWithoutAnIdIsNeverFound) {
  PrefixStore store;
  store.Append(1, std::vector<TokenId>{'a', -1, 'b'});
  EXPECT_EQ(store.Find(Ids("aab")), (Match{1, 1}));
}

TEST(PrefixStoreTest, TheOldestIsTheOneLeastLatelyUsed) {
  PrefixStore store;
  store.Append(1, Ids("a"));
  store.Append(2, Ids("b"));
  store.Append(3, Ids("c"));
  EXPECT_EQ(store.Oldest(), std::nullopt);
  EXPECT_THAT(store.Retire(1), IsEmpty());
  EXPECT_THAT(store.Retire(2), IsEmpty());
  EXPECT_EQ(store.Oldest(), 1);
  store.Find(Ids("a"));
  EXPECT_EQ(store.Oldest(), 2);
  store.Drop(2);
  EXPECT_EQ(store.Oldest(), 1);
  EXPECT_EQ(store.retired(), 1U);
}

TEST(PrefixStoreTest, WhatAnotherHoldsIsNotKeptTwice) {
  PrefixStore store;
  store.Append(1, Ids("ab"));
  store.Append(2, Ids("abc"));
  store.Append(3, Ids("abcd"));
  store.Append(4, Ids("ab"));
  EXPECT_THAT(store.Retire(1), ElementsAre(1));
  EXPECT_THAT(store.Retire(3), IsEmpty());
  // In use, though another holds it.
  EXPECT_THAT(store.Ids(2), ElementsAre('a', 'b', 'c'));
  store.Append(5, Ids("abcde"));
  EXPECT_THAT(store.Retire(5), ElementsAre(3));
  EXPECT_THAT(store.Retire(9), IsEmpty());
}

// The same by strings, with the retired ones in a list by their last use.
struct NaiveStore {
  std::map<SequenceId, std::string> held;
  std::list<SequenceId> retired;

  void Drop(SequenceId sequence) {
    held.erase(sequence);
    retired.remove(sequence);
  }
  void Set(SequenceId sequence, const std::string& text) {
    Drop(sequence);
    if (!text.empty()) held[sequence] = text;
  }
  Match Find(const std::string& text) {
    for (size_t length = text.size(); length > 0; --length) {
      for (const auto& [sequence, ids] : held) {
        if (!ids.starts_with(text.substr(0, length))) continue;
        const auto place = std::ranges::find(retired, sequence);
        if (place != retired.end()) {
          retired.splice(retired.end(), retired, place);
        }
        return {sequence, static_cast<int32_t>(length)};
      }
    }
    return {};
  }
  std::vector<SequenceId> Retire(SequenceId sequence) {
    if (!held.contains(sequence)) return {};
    const std::string text = held.at(sequence);
    std::vector<SequenceId> covered;
    for (const auto& [other, ids] : held) {
      if (other != sequence && ids.starts_with(text)) {
        Drop(sequence);
        return {sequence};
      }
    }
    for (const auto& [other, ids] : held) {
      const bool is_retired =
          std::ranges::find(retired, other) != retired.end();
      if (other != sequence && is_retired && text.starts_with(ids)) {
        covered.push_back(other);
      }
    }
    for (const SequenceId each : covered) Drop(each);
    retired.remove(sequence);
    retired.push_back(sequence);
    return covered;
  }
};

TEST(PrefixStoreTest, AMillionOperationsEqualTheNaiveWay) {
  std::mt19937 random(11);
  PrefixStore store;
  NaiveStore naive;
  const auto text = [&random] {
    std::string made(random() % 6, 'a');
    for (char& c : made) c = static_cast<char>('a' + random() % 2);
    return made;
  };
  for (int operation = 0; operation < 1000000; ++operation) {
    const auto one = static_cast<SequenceId>(random() % 8);
    const auto other = static_cast<SequenceId>(random() % 8);
    const auto length = static_cast<int32_t>(random() % 8);
    const bool is_retired =
        std::ranges::find(naive.retired, one) != naive.retired.end();
    const std::string before = naive.held[one];
    if (before.empty()) naive.held.erase(one);
    const std::string more = text();
    switch (random() % 6) {
      case 0:
        if (is_retired || before.size() > 12) break;
        store.Append(one, Ids(more));
        naive.Set(one, before + more);
        break;
      case 1:
        if (is_retired) break;
        store.Cut(one, length);
        naive.Set(one, before.substr(0, static_cast<size_t>(length)));
        break;
      case 2:
        store.Copy(one, other, length);
        naive.Set(other, before.substr(0, static_cast<size_t>(length)));
        break;
      case 3:
        store.Drop(one);
        naive.Drop(one);
        break;
      case 4:
        if (is_retired) break;
        ASSERT_EQ(store.Retire(one), naive.Retire(one)) << operation;
        break;
      default:
        ASSERT_EQ(store.Find(Ids(more)), naive.Find(more)) << operation;
    }
    ASSERT_EQ(store.retired(), naive.retired.size()) << operation;
    const std::optional<SequenceId> oldest =
        naive.retired.empty() ? std::nullopt
                              : std::optional(naive.retired.front());
    ASSERT_EQ(store.Oldest(), oldest) << operation;
    const auto held = naive.held.find(one);
    ASSERT_TRUE(std::ranges::equal(
        store.Ids(one), held == naive.held.end() ? "" : held->second))
        << operation;
  }
}

}  // namespace
}  // namespace fullstop
