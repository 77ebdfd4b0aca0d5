// What opening costs: no header makes the reader take more than 8 times its own
// size and some MiB.
#include <gtest/gtest.h>

#include <string>

#include "format/measured_new.h"
#include "format/safetensors.h"
#include "format/safetensors_index.h"
#include "format/safetensors_test_bytes.h"

namespace fullstop {
namespace {

constexpr size_t kMany = 1 << 16;

void ExpectModest(const std::string& header, bool opens) {
  const std::string file = MakeSafetensors(header, 0);
  ExpectModestMemory(file.size(), opens,
                     [&] { SafetensorsSet::Parse(BytesOf(file), "hostile"); });
}

void ExpectModestIndex(const std::string& text, bool opens) {
  ExpectModestMemory(text.size(), opens,
                     [&] { ReadSafetensorsIndex(text, "hostile"); });
}

std::string Tensors(std::string_view shape, std::string_view tail) {
  std::string header = "{";
  for (size_t i = 0; i < kMany; ++i) {
    header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + std::string(tail) +
              R"(":{"dtype":"U8","shape":)" + std::string(shape) +
              R"(,"data_offsets":[0,0]})";
  }
  return header + "}";
}

TEST(SafetensorsMemoryTest, ManyShortTensors) {
  ExpectModest(Tensors("[0]", ""), true);
}

TEST(SafetensorsMemoryTest, ManyDimensions) {
  ExpectModest(Tensors("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", ""), true);
}

TEST(SafetensorsMemoryTest, NamesJustTooLongToStandInPlace) {
  ExpectModest(Tensors("[0]", "eleven bytes"), true);
}

TEST(SafetensorsMemoryTest, LongNamesAndErrorsAboutThem) {
  const std::string name(1 << 19, 'x');
  ExpectModest("{\"" + name + R"(":{"dtype":"U8","shape":[0],)" +
                   R"("data_offsets":[0,0]}})",
               true);
  ExpectModest("{\"" + name + "\":7}", false);
  ExpectModest("{\"a\":{\"dtype\":\"" + name + "\"}}", false);
  ExpectModest("{\"" + std::string(4 << 20, 'x'), false);
  ExpectModest("{\"" + std::string(4 << 20, 'x') + "\":{}}", false);
}

TEST(SafetensorsMemoryTest, Nesting) {
  ExpectModest("{\"a\":" + std::string(4 << 20, '['), false);
  ExpectModest("{\"a\":{\"shape\":[" + std::string(4 << 20, '1'), false);
  std::string ones = "{\"a\":{\"shape\":[1";
  for (size_t i = 0; i < kMany; ++i) ones += ",1";
  ExpectModest(ones, false);
}

TEST(SafetensorsMemoryTest, MetadataIsBounded) {
  std::string header = R"({"__metadata__":{"":"")";
  for (size_t i = 0; i < kMany; ++i) {
    header += ",\"" + std::to_string(i) + R"(":"")";
  }
  ExpectModest(header + "}}", false);
}

TEST(SafetensorsMemoryTest, Index) {
  std::string text = R"({"weight_map":{)";
  for (size_t i = 0; i < kMany; ++i) {
    text +=
        (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":"a.safetensors")";
  }
  ExpectModestIndex(text + "}}", true);
  ExpectModestIndex(text + "}}}", false);
  ExpectModestIndex(R"({"other":)" + std::string(4 << 20, '['), false);
}

}  // namespace
}  // namespace fullstop
