// Measures what a test takes, by replacing `new`: for a single source of a test
// program.
#ifndef FULLSTOP_FORMAT_MEASURED_NEW_H_
#define FULLSTOP_FORMAT_MEASURED_NEW_H_

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "base/error.h"

namespace {

std::atomic<size_t> taken{0};
std::atomic<size_t> peak{0};

void* Take(size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  const size_t now = taken += malloc_usable_size(memory);
  if (now > peak) peak = now;
  return memory;
}

void Give(void* memory) {
  if (memory != nullptr) taken -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Take(size); }
void* operator new[](size_t size) { return Take(size); }
void operator delete(void* memory) noexcept { Give(memory); }
void operator delete[](void* memory) noexcept { Give(memory); }
void operator delete(void* memory, size_t) noexcept { Give(memory); }
void operator delete[](void* memory, size_t) noexcept { Give(memory); }

namespace fullstop {

inline constexpr size_t kSlack = 64 << 10;  // for errors and other small things

// Below 8 times SIZE, the bytes that PARSE reads, or refuses; far below the
// promise, which has some MiB on top: so that the figure of 8 is tested and not
// the allowance.
template <typename Parse>
void ExpectModestMemory(size_t size, bool opens, Parse parse) {
  const size_t before = taken;
  peak = before;
  bool opened = true;
  try {
    parse();
  } catch (const Error&) {
    opened = false;
  }
  EXPECT_EQ(opened, opens);
  const size_t cost = peak - before;
  EXPECT_LE(cost, 8 * size + kSlack) << size << " bytes in the file";
  ::testing::Test::RecordProperty(
      "times_the_file",
      std::to_string(static_cast<double>(cost) / static_cast<double>(size)));
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_MEASURED_NEW_H_
