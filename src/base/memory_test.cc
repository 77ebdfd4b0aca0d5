#include "base/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/file.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

TEST(MemoryTest, NoMoreThanTheLimitOnTheAddressSpaceIsAvailable) {
  EXPECT_GT(AvailableMemory(), 0u);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = uint64_t{1} << 40;
  if (before.rlim_max != RLIM_INFINITY && before.rlim_max < limit.rlim_cur) {
    GTEST_SKIP() << "the address space is limited already";
  }
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_LE(AvailableMemory(), uint64_t{1} << 40);
  ::setrlimit(RLIMIT_AS, &before);
}

TEST(MemoryTest, BytesAreRoundedUpForAPerson) {
  EXPECT_EQ(DescribeBytes(0), "0 MiB");
  EXPECT_EQ(DescribeBytes(1), "1 MiB");
  EXPECT_EQ(DescribeBytes(180 << 20), "180 MiB");
  EXPECT_EQ(DescribeBytes((uint64_t{5} << 30) + 1), "5.1 GiB");
}

TEST(MemoryTest, SizesAreReadAsUsersOfTransformersWriteThem) {
  EXPECT_EQ(ParseBytes("5GB"), 5'000'000'000u);
  EXPECT_EQ(ParseBytes("1.5 GiB"), 3u << 29);
  EXPECT_EQ(ParseBytes("200kb"), 200'000u);
  EXPECT_EQ(ParseBytes("2M"), 2'000'000u);
  EXPECT_EQ(ParseBytes("12345"), 12345u);
  for (const char* text :
       {"", "GB", "0", "-1GB", "5XB", "5iB", "5GBB", "nan", "1e30", "5 G B"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

// KiB of the mapping at ADDRESS that this process holds.
uint64_t ResidentKib(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  bool here = false;
  while (std::getline(smaps, line)) {
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t kib = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64, &first, &last) == 2) {
      const auto at = reinterpret_cast<uintptr_t>(address);
      here = first <= at && at < last;
    } else if (here && std::sscanf(line.c_str(), "Rss: %" SCNu64, &kib) == 1) {
      return kib;
    }
  }
  return 0;
}

TEST(MemoryTest, PagesOfFilesAreReleasedAndOthersStay) {
  const TestFolder folder;
  const std::string content(1 << 20, 'x');
  WriteFileAtomically(folder.File("a"), content);
  const MappedFile file = MappedFile::Open(folder.File("a"));
  const std::string copy(content);
  EXPECT_TRUE(std::ranges::equal(file.bytes(), std::as_bytes(std::span(copy))));
  EXPECT_GE(ResidentKib(file.bytes().data()), 1024u);
  ReleaseFilePages(file.bytes());
  ReleaseFilePages(std::as_bytes(std::span(copy)));
  EXPECT_EQ(ResidentKib(file.bytes().data()), 0u);
  EXPECT_EQ(copy, content);
  EXPECT_TRUE(std::ranges::equal(file.bytes(), std::as_bytes(std::span(copy))));
}

}  // namespace
}  // namespace fullstop
