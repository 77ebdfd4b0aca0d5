// What opening costs: no file makes the reader take more than 8 times its own
// size and 64 MiB. Measured where memory is taken, by replacing `new`.
#include <gtest/gtest.h>

#include <string>

#include "format/gguf.h"
#include "format/gguf_test_bytes.h"
#include "format/measured_new.h"

namespace fullstop {
namespace {

constexpr size_t kMany = 1 << 18;

void ExpectModest(const GgufTestBytes& file, bool opens) {
  ExpectModestMemory(file.span().size(), opens,
                     [&] { GgufFile::Parse(file.span(), "hostile"); });
}

std::string Digits(size_t number) {
  std::string text = "0000";
  for (size_t i = 0; i < 4; ++i, number /= 64) {
    text[i] = static_cast<char>('0' + number % 64);
  }
  return text;
}

GgufTestBytes OneArray(uint32_t type, uint64_t count) {
  GgufTestBytes file;
  file.Header(3, 0, 1).Text("a").U32(9).U32(type).U64(count);
  return file;
}

TEST(GgufMemoryTest, MeasureSeesWhatIsTaken) {
  const size_t before = taken;
  const std::string large(1 << 20, 'x');
  EXPECT_GE(taken - before, 1u << 20);
}

TEST(GgufMemoryTest, ArrayOfBytes) {
  ExpectModest(OneArray(0, kMany).Zeros(kMany), true);
}

TEST(GgufMemoryTest, ArrayOfBools) {
  ExpectModest(OneArray(7, kMany).Zeros(kMany), true);
}

TEST(GgufMemoryTest, ArrayOfEmptyStrings) {
  ExpectModest(OneArray(8, kMany).Zeros(8 * kMany), true);
}

TEST(GgufMemoryTest, ArrayOfEmptyArrays) {
  ExpectModest(OneArray(9, kMany).Zeros(12 * kMany), true);
}

TEST(GgufMemoryTest, ArrayOfArraysOfOneByte) {
  GgufTestBytes file = OneArray(9, kMany);
  for (size_t i = 0; i < kMany; ++i) file.U32(0).U64(1).Add<uint8_t>(7);
  ExpectModest(file, true);
}

TEST(GgufMemoryTest, ArrayOfArraysOfOneEmptyString) {
  GgufTestBytes file = OneArray(9, kMany);
  for (size_t i = 0; i < kMany; ++i) file.U32(8).U64(1).U64(0);
  ExpectModest(file, true);
}

TEST(GgufMemoryTest, CountsThatLie) {
  // Each claims all that could fit, and breaks off at the end.
  for (const uint32_t type : {0, 7, 8, 9, 12}) {
    const size_t least = type == 8 ? 8 : type == 9 ? 12 : type == 12 ? 8 : 1;
    GgufTestBytes file = OneArray(type, kMany);
    file.Zeros(least * kMany - 1);
    ExpectModest(file, false);
  }
  // An array of arrays, the first of which claims all that is left.
  GgufTestBytes file = OneArray(9, kMany / 12);
  file.U32(8).U64(kMany / 8).Zeros(kMany - 4).U32(1);
  ExpectModest(file, false);
}

TEST(GgufMemoryTest, ErrorsAboutLongNames) {
  const std::string name(4 << 20, 'x');
  GgufTestBytes value;
  value.Header(3, 0, 1).Text(name).U32(99).Zeros(16);
  ExpectModest(value, false);
  GgufTestBytes twice;
  twice.Header(3, 0, 2);
  for (int i = 0; i < 2; ++i) twice.Text(name).U32(0).Add<uint8_t>(0);
  ExpectModest(twice, false);
  GgufTestBytes tensor;
  tensor.Header(3, 1, 0).Text(name).U32(9).Zeros(32);
  ExpectModest(tensor, false);
}

TEST(GgufMemoryTest, AsManyShortEntriesAsAreBelieved) {
  GgufTestBytes file;
  file.Header(3, 0, 1 << 16);
  for (size_t i = 0; i < 1 << 16; ++i) {
    file.Text(Digits(i).substr(0, 3)).U32(0).Add<uint8_t>(1);
  }
  ExpectModest(file, true);
}

TEST(GgufMemoryTest, AsManyEntriesWithAnArrayAsAreBelieved) {
  GgufTestBytes file;
  file.Header(3, 0, 1 << 16);
  for (size_t i = 0; i < 1 << 16; ++i) {
    file.Text(Digits(i).substr(0, 3)).U32(9).U32(0).U64(1).Add<uint8_t>(1);
  }
  ExpectModest(file, true);
}

TEST(GgufMemoryTest, AsManyShortTensorsAsAreBelieved) {
  for (const uint32_t dimensions : {0, 1, 4}) {
    GgufTestBytes file;
    file.Header(3, kMany, 0);
    for (size_t i = 0; i < kMany; ++i) {
      file.Text(Digits(i).substr(0, 3)).U32(dimensions);
      for (uint32_t j = 0; j < dimensions; ++j) file.U64(0);
      // A number can't be empty, so that those without dimension overlap.
      file.U32(24).U64(0);
    }
    file.PadTo(32).Zeros(1);
    ExpectModest(file, dimensions > 0);
  }
}

TEST(GgufMemoryTest, TensorNamesJustTooLongToStandInPlace) {
  GgufTestBytes file;
  file.Header(3, kMany, 0);
  for (size_t i = 0; i < kMany; ++i) {
    file.Text(Digits(i) + "a long name.").U32(1).U64(0).U32(0).U64(0);
  }
  ExpectModest(file.PadTo(32), true);
}

TEST(GgufMemoryTest, TensorsThatAreAllNamedAlike) {
  GgufTestBytes file;
  file.Header(3, kMany, 0).Zeros(24 * kMany).PadTo(32).Zeros(4);
  ExpectModest(file, false);
}

}  // namespace
}  // namespace fullstop
