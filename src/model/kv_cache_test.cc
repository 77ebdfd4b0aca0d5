#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/checkpoints.h"

namespace fullstop {
namespace {

constexpr int32_t kPage = KvCache::kPagePositions;

KvCache SmallCache() {
  return KvCache({{.heads = 4, .kv_heads = 2, .head_length = 8},
                  {.heads = 4, .kv_heads = 2, .head_length = 16}});
}

uint16_t& Number(std::byte* at) { return *reinterpret_cast<uint16_t*>(at); }

// Marks position P of SEQUENCE with MARK + P in every layer.
void Write(KvCache& cache, SequenceId sequence, int32_t begin, int32_t end,
           int32_t mark) {
  cache.Reserve(sequence, end);
  for (uint32_t layer = 0; layer < 2; ++layer) {
    for (int32_t p = begin; p < end; ++p) {
      const KvCache::Slot slot = cache.At(sequence, layer, p);
      Number(slot.key) = static_cast<uint16_t>(mark + p);
      Number(slot.value) = static_cast<uint16_t>(2 * (mark + p));
    }
  }
  cache.SetLength(sequence, end);
}

void ExpectMarks(KvCache& cache, SequenceId sequence, int32_t begin,
                 int32_t end, int32_t mark) {
  for (uint32_t layer = 0; layer < 2; ++layer) {
    for (int32_t p = begin; p < end; ++p) {
      const KvCache::Slot slot = cache.At(sequence, layer, p);
      ASSERT_EQ(Number(slot.key), mark + p) << "position " << p;
      ASSERT_EQ(Number(slot.value), 2 * (mark + p)) << "position " << p;
    }
  }
}

TEST(KvCacheTest, PositionsOfAPageTakeTwoHalvesForEachNumber) {
  constexpr uint64_t kBytes = kPage * 2u * 2 * (2 * 8 + 2 * 16);
  EXPECT_EQ(SmallCache().Bytes(0), 0u);
  EXPECT_EQ(SmallCache().Bytes(1), kBytes);
  EXPECT_EQ(SmallCache().Bytes(kPage), kBytes);
  EXPECT_EQ(SmallCache().Bytes(kPage + 1), 2 * kBytes);
}

TEST(KvCacheTest, APageThatSequencesShareIsUsedOnce) {
  KvCache cache = SmallCache();
  const uint64_t page = cache.Bytes(1);
  Write(cache, 1, 0, 2 * kPage + 1, 0);
  EXPECT_EQ(cache.used(), 3 * page);
  cache.Copy(1, 2, 2 * kPage + 1);
  EXPECT_EQ(cache.used(), 3 * page);
  Write(cache, 2, 2 * kPage + 1, 2 * kPage + 2, 0);
  EXPECT_EQ(cache.used(), 4 * page);
  cache.Drop(1);
  EXPECT_EQ(cache.used(), 3 * page);
  cache.Cut(2, kPage);
  EXPECT_EQ(cache.used(), page);
  cache.Drop(2);
  EXPECT_EQ(cache.used(), 0u);
}

TEST(KvCacheTest, PositionsOfManyPagesKeepTheirContent) {
  KvCache cache = SmallCache();
  Write(cache, 3, 0, 5 * kPage + 7, 100);
  EXPECT_EQ(cache.Length(3), 5 * kPage + 7);
  EXPECT_EQ(cache.Length(4), 0);
  ExpectMarks(cache, 3, 0, 5 * kPage + 7, 100);
}

TEST(KvCacheTest, ValuesHaveTheirOwnLengthOrStandInTheKeys) {
  const CacheLayer apart = {
      .heads = 4, .kv_heads = 2, .head_length = 8, .value_length = 24};
  const CacheLayer within = {.heads = 4,
                             .kv_heads = 1,
                             .head_length = 40,
                             .value_length = 32,
                             .values_in_keys = true};
  EXPECT_EQ(KvCache({apart}).Bytes(1), kPage * 2u * 2 * (8 + 24));
  EXPECT_EQ(KvCache({within}).Bytes(1), kPage * 2u * 40);
  KvCache cache({apart, within}, kernels::CacheType::kF32);
  EXPECT_EQ(cache.Bytes(1), kPage * 4u * (2 * (8 + 24) + 40));
  cache.Reserve(0, 5);
  const KvCache::Slot slot = cache.At(0, 1, 3);
  EXPECT_EQ(slot.key, slot.value);
  EXPECT_EQ(cache.Pages(0, 1).value_stride.position, 40);
  EXPECT_EQ(cache.Pages(0, 0).value_stride.position, 24);
  EXPECT_EQ(cache.At(0, 0, 0).value - cache.At(0, 0, 0).key, 4 * 2 * kPage * 8);
}

TEST(KvCacheTest, PagesNameTheSamePlacesAsSlots) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, 2 * kPage, 0);
  const kernels::KvPages pages = cache.Pages(0, 1);
  EXPECT_EQ(pages.page_positions, kPage);
  const KvCache::Slot slot = cache.At(0, 1, kPage + 5);
  const auto at = [](const void* page, const kernels::KvStride& stride) {
    return static_cast<const std::byte*>(page) + 2 * 5 * stride.position;
  };
  EXPECT_EQ(at(pages.keys[1], pages.key_stride), slot.key);
  EXPECT_EQ(at(pages.values[1], pages.value_stride), slot.value);
  EXPECT_EQ(pages.key_stride.head, kPage * 16);
}

TEST(KvCacheTest, CopyAndOriginalGoTheirOwnWays) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, kPage + 20, 100);
  cache.Copy(0, 1, kPage + 10);
  EXPECT_EQ(cache.Length(1), kPage + 10);
  EXPECT_EQ(cache.At(0, 0, 0).key, cache.At(1, 0, 0).key) << "pages are shared";

  Write(cache, 1, kPage + 10, 3 * kPage, 5000);
  Write(cache, 0, kPage + 20, kPage + 30, 100);
  ExpectMarks(cache, 0, 0, kPage + 30, 100);
  ExpectMarks(cache, 1, 0, kPage + 10, 100);
  ExpectMarks(cache, 1, kPage + 10, 3 * kPage, 5000);
  EXPECT_EQ(cache.At(0, 0, 0).key, cache.At(1, 0, 0).key)
      << "the page that nobody wrote is still shared";
}

TEST(KvCacheTest, CutThenWrittenOtherwiseKeepsThePrefix) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, 2 * kPage, 100);
  cache.Copy(0, 1, 2 * kPage);
  cache.Cut(0, kPage - 3);
  EXPECT_EQ(cache.Length(0), kPage - 3);
  Write(cache, 0, kPage - 3, kPage + 3, 7000);
  ExpectMarks(cache, 0, 0, kPage - 3, 100);
  ExpectMarks(cache, 0, kPage - 3, kPage + 3, 7000);
  ExpectMarks(cache, 1, 0, 2 * kPage, 100);
}

TEST(KvCacheTest, SequenceCopiedOntoItselfIsCut) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, 20, 100);
  cache.Copy(0, 0, 12);
  EXPECT_EQ(cache.Length(0), 12);
  ExpectMarks(cache, 0, 0, 12, 100);
}

TEST(KvCacheTest, CopyOfAnUnknownSequenceIsEmpty) {
  KvCache cache = SmallCache();
  Write(cache, 1, 0, 20, 100);
  cache.Copy(9, 1, 0);
  EXPECT_EQ(cache.Length(1), 0);
}

TEST(KvCacheTest, DroppedSequenceIsEmptyAndItsCopyStands) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, 20, 100);
  cache.Copy(0, 1, 20);
  cache.Drop(0);
  EXPECT_EQ(cache.Length(0), 0);
  ExpectMarks(cache, 1, 0, 20, 100);
  cache.Drop(0);
}

TEST(KvCacheTest, RoomWithoutContentChangesNoLength) {
  KvCache cache = SmallCache();
  Write(cache, 0, 0, 20, 100);
  cache.Reserve(0, 10 * kPage);
  EXPECT_EQ(cache.Length(0), 20);
  ExpectMarks(cache, 0, 0, 20, 100);
}

constexpr CacheLayer kOne = {.heads = 1, .kv_heads = 1, .head_length = 8};

// The pages of a layer that SEQUENCE holds.
std::vector<size_t> Held(const KvCache& cache, SequenceId sequence,
                         uint32_t layer) {
  const auto count =
      static_cast<size_t>((cache.Length(sequence) + kPage - 1) / kPage);
  const kernels::KvPages pages = cache.Pages(sequence, layer);
  std::vector<size_t> held;
  for (size_t i = 0; i < count; ++i) {
    if (pages.keys[i] != nullptr) held.push_back(i);
  }
  return held;
}

// A layer that sees all, and one through WINDOW, of LENGTH positions that came
// STEP at a time.
KvCache Windowed(int32_t window, int32_t length, int32_t step) {
  KvCache cache({kOne, kOne}, kernels::CacheType::kF16,
                {0, static_cast<uint64_t>(window)});
  for (int32_t end = 0; end < length;) {
    const int32_t begin = end;
    end = std::min(end + step, length);
    Write(cache, 0, begin, end, 0);
  }
  return cache;
}

TEST(KvCacheTest, WindowsDropPagesThatNoRowWillSee) {
  for (const int32_t window : {1, 64, 65, 200, 3000}) {
    for (const int32_t step : {7, 512, 40000}) {
      const int32_t length = 40000;
      const KvCache cache = Windowed(window, length, step);
      EXPECT_EQ(Held(cache, 0, 0).size(), 625u);
      const size_t held = Held(cache, 0, 1).size();
      const uint64_t all = KvCache({kOne}).Bytes(length);
      EXPECT_LE((held * 64) * 2 * 2 * 8, cache.Bytes(length) - all);
      EXPECT_LT(held, window < 3000 ? 160u : 600u);
      EXPECT_EQ(cache.Resume(0, length), length);
      for (int32_t back = 0; back <= length; ++back) {
        const int32_t position = length - back;
        const int32_t resume = cache.Resume(0, position);
        ASSERT_LE(resume, position);
        const int32_t most = back <= KvCache::kMargin
                                 ? 1
                                 : std::max(2 * back, kCheckpointInterval);
        ASSERT_LT(position - resume, most);
      }
    }
  }
}

TEST(KvCacheTest, CutsGoOnWhereTheWindowIsWhole) {
  KvCache cache = Windowed(200, 20000, 512);
  cache.Copy(0, 1, 9000);
  const int32_t resume = cache.Resume(1, 9000);
  EXPECT_LT(resume, 9000);
  EXPECT_GT(resume, 0);
  cache.Cut(1, resume);
  for (int32_t p = resume - 199; p < resume; ++p) {
    ASSERT_EQ(Number(cache.At(1, 1, p).key), static_cast<uint16_t>(p));
  }
  Write(cache, 1, resume, 9000, 7);
  EXPECT_EQ(cache.Resume(1, 9000), 9000);
  EXPECT_EQ(cache.Resume(0, 20000), 20000);
  for (int32_t p = 19000; p < 20000; ++p) {
    ASSERT_EQ(Number(cache.At(0, 1, p).key), static_cast<uint16_t>(p));
  }
}

TEST(CacheWindowsTest, AreTheWidestOfTheLayersReaders) {
  Graph graph;
  graph.cache = {kOne, kOne, kOne, kOne};
  const auto attend = [&](uint32_t layer, uint64_t window, uint64_t chunk) {
    AttentionStep step{.layer = layer,
                       .query = {},
                       .key = {},
                       .value = {},
                       .out = {},
                       .scale = 1};
    step.window = window;
    step.chunk = chunk;
    graph.steps.push_back({"", step});
  };
  attend(0, 8, 0);
  attend(0, 16, 0);
  attend(1, 8, 0);
  attend(1, 0, 0);
  attend(2, 0, 32);
  attend(3, 8, 32);
  EXPECT_EQ(CacheWindows(graph), (std::vector<uint64_t>{16, 0, 32, 8}));
}

}  // namespace
}  // namespace fullstop
