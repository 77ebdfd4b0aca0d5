#include "format/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/gguf_test_bytes.h"

namespace fullstop {
namespace {

using ::testing::HasSubstr;

// What the writer makes of everything in FILE.
GgufWriter Copy(const GgufFile& file) {
  GgufWriter writer;
  for (const GgufEntry& entry : file.entries()) {
    writer.Add(entry.key, entry.value);
  }
  for (const GgufTensor& tensor : file.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, tensor.data);
  }
  return writer;
}

GgufFile Parse(const std::string& bytes) {
  return GgufFile::Parse(std::as_bytes(std::span(bytes)), "written");
}

template <typename Call>
std::string Message(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

TEST(GgufWriterTest, RewritingAFileGivesTheSameBytes) {
  GgufTestBytes bytes = GoodGguf();
  bytes.PadTo(64);
  const GgufFile file = GgufFile::Parse(bytes.span(), "good");
  EXPECT_EQ(Copy(file).ToString(), bytes.bytes());
}

TEST(GgufWriterTest, EveryValueTypeSurvivesARoundTrip) {
  GgufWriter writer;
  const auto add = [&writer]<typename T>(const std::string& name, T one,
                                         T two) {
    writer.Add(name, {one});
    writer.Add(name + " array", {GgufArray(std::vector<T>{one, two})});
    writer.Add(name + " none", {GgufArray(std::vector<T>())});
  };
  add.operator()<uint8_t>("uint8", 0, 255);
  add.operator()<int8_t>("int8", -128, 127);
  add.operator()<uint16_t>("uint16", 0, 65535);
  add.operator()<int16_t>("int16", -32768, 32767);
  add.operator()<uint32_t>("uint32", 0, ~0u);
  add.operator()<int32_t>("int32", INT32_MIN, INT32_MAX);
  add.operator()<float>("float32", 0.1f, -1e30f);
  add.operator()<bool>("bool", true, false);
  add.operator()<std::string_view>("string", "", "\xFF\0a");
  add.operator()<uint64_t>("uint64", 0, ~uint64_t{0});
  add.operator()<int64_t>("int64", INT64_MIN, INT64_MAX);
  add.operator()<double>("float64", 0.1, -1e300);
  const GgufArray inner = std::vector<int8_t>{1, 2};
  writer.Add("nested", {GgufArray(std::vector<GgufValue>{{inner}, {inner}})});
  const std::string bytes = writer.ToString();
  const GgufFile file = Parse(bytes);
  EXPECT_EQ(file.entries().size(), 12u * 3 + 1);
  EXPECT_EQ(file.GetInteger("int64"), INT64_MIN);
  EXPECT_EQ(GgufTypeName(*file.Find("float64 array")), "array of float64");
  EXPECT_EQ(Copy(file).ToString(), bytes);
}

TEST(GgufWriterTest, EveryTensorTypeSurvivesARoundTrip) {
  GgufWriter writer;
  std::vector<std::byte> data(1 << 12);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i);
  size_t count = 0;
  for (uint32_t number = 0; number < 64; ++number) {
    const TensorTraits* traits = FindTensorTraits(number);
    if (traits == nullptr || traits->block_length == 0) continue;
    const uint64_t shape[] = {traits->block_length, 3};
    writer.AddTensor(traits->name, static_cast<TensorType>(number), shape,
                     std::span(data).first(traits->block_bytes * 3));
    ++count;
  }
  const std::string bytes = writer.ToString();
  const GgufFile file = Parse(bytes);
  ASSERT_EQ(file.tensors().size(), count);
  for (const GgufTensor& tensor : file.tensors()) {
    EXPECT_EQ(tensor.name, TensorTypeName(tensor.type));
    EXPECT_EQ(tensor.data[7 % tensor.data.size()],
              data[7 % tensor.data.size()]);
  }
  EXPECT_EQ(Copy(file).ToString(), bytes);
}

TEST(GgufWriterTest, FileIsWhatToStringGives) {
  GgufTestBytes bytes = GoodGguf();
  const GgufFile file = GgufFile::Parse(bytes.span(), "good");
  const TestFolder folder;
  const std::string path = folder.File("same.gguf");
  Copy(file).WriteFile(path);
  EXPECT_EQ(ReadFile(path), Copy(file).ToString());
}

TEST(GgufWriterTest, FileMayReplaceTheOneItIsReadFrom) {
  const TestFolder folder;
  const std::string path = folder.File("itself.gguf");
  Copy(Parse(GoodGguf().PadTo(64).bytes())).WriteFile(path);
  const GgufFile file = GgufFile::Open(path);
  Copy(file).WriteFile(path);
  EXPECT_EQ(ReadFile(path), Copy(file).ToString());
}

TEST(GgufWriterTest, PiecesOfATensorAreJoined) {
  std::vector<uint8_t> numbers(3 << 20);
  std::iota(numbers.begin(), numbers.end(), uint8_t{0});
  const std::span<const std::byte> data = std::as_bytes(std::span(numbers));
  GgufWriter writer;
  const uint64_t shape[] = {numbers.size()};
  const auto in_pieces = [data](const ByteSink& sink) {
    const size_t cuts[] = {0, 1, 1, 5000, 1 << 20, (1 << 20) + 1, 3 << 20};
    for (size_t i = 1; i < std::size(cuts); ++i) {
      sink(data.subspan(cuts[i - 1], cuts[i] - cuts[i - 1]));
    }
  };
  writer.AddTensor("a", TensorType::kI8, shape, in_pieces);
  writer.AddTensor("b", TensorType::kI8, shape, data);
  const TestFolder folder;
  const std::string path = folder.File("pieces.gguf");
  writer.WriteFile(path);
  const GgufFile file = GgufFile::Open(path);
  EXPECT_TRUE(std::ranges::equal(file.tensors()[0].data, data));
  EXPECT_TRUE(std::ranges::equal(file.tensors()[1].data, data));
}

TEST(GgufWriterTest, LargeAlignmentIsPadded) {
  GgufWriter writer;
  writer.Add("general.alignment", {uint32_t{16384}});
  const uint8_t byte = 42;
  const uint64_t shape[] = {1};
  for (const char* name : {"a", "b"}) {
    writer.AddTensor(name, TensorType::kI8, shape,
                     std::as_bytes(std::span(&byte, 1)));
  }
  const std::string bytes = writer.ToString();
  EXPECT_EQ(bytes.size(), 3u * 16384);
  EXPECT_EQ(Parse(bytes).tensors()[1].data[0], std::byte{42});
}

TEST(GgufWriterTest, SourceOfAnotherLengthLeavesTheOldFile) {
  const TestFolder folder;
  const std::string path = folder.File("old.gguf");
  WriteFileAtomically(path, "old");
  const uint64_t shape[] = {4};
  for (const size_t size : {3, 5}) {
    GgufWriter writer;
    const std::vector<std::byte> data(size);
    writer.AddTensor("a", TensorType::kI8, shape, data);
    EXPECT_EQ(
        Message([&] { writer.WriteFile(path); }),
        "tensor 'a' has 4 bytes, but its source gave " + std::to_string(size));
  }
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(folder.Count(), 1u);
}

TEST(GgufWriterTest, FolderThatDoesNotExistIsAnError) {
  EXPECT_THAT(Message([] { GgufWriter().WriteFile("/no such folder/a.gguf"); }),
              HasSubstr("can't write '/no such folder/a.gguf'"));
}

TEST(GgufWriterTest, FolderInTheWayIsAnError) {
  const TestFolder folder;
  const std::string path = folder.File("folder");
  std::filesystem::create_directories(path + "/inside");
  EXPECT_THAT(Message([&] { GgufWriter().WriteFile(path); }),
              HasSubstr("can't write '" + path + "'"));
}

TEST(GgufWriterTest, WhatTheReaderWouldRefuseIsRefused) {
  GgufWriter writer;
  writer.Add("key", {uint8_t{1}});
  const auto add = [&writer](const char* key, GgufValue value) {
    return Message([&] { writer.Add(key, value); });
  };
  EXPECT_EQ(add("", {uint8_t{1}}), "a key without a name");
  EXPECT_EQ(add("key", {uint8_t{1}}), "key 'key' is given twice");
  EXPECT_THAT(add("general.alignment", {uint32_t{24}}),
              HasSubstr("not a uint32 power of two"));
  EXPECT_THAT(add("general.alignment", {int32_t{32}}),
              HasSubstr("not a uint32 power of two"));
  const GgufValue nested = {GgufArray(std::vector<GgufValue>{})};
  EXPECT_THAT(add("deep", {GgufArray(std::vector<GgufValue>{nested})}),
              "nothing was thrown");
  const GgufValue deeper = {GgufArray(std::vector<GgufValue>{nested})};
  EXPECT_THAT(add("deeper", {GgufArray(std::vector<GgufValue>{deeper})}),
              HasSubstr("arrays nest at most two deep"));
  EXPECT_THAT(add("mixed", {GgufArray(std::vector<GgufValue>{{true}})}),
              HasSubstr("an array of arrays holds bool"));
  const std::string bytes = writer.ToString();
  EXPECT_EQ(Parse(bytes).entries().size(), 2u);
}

TEST(GgufWriterTest, ImpossibleTensorsAreRefused) {
  GgufWriter writer;
  const auto add = [&](TensorType type, std::vector<uint64_t> shape) {
    return Message([&] { writer.AddTensor("a", type, shape, ByteSource()); });
  };
  const std::string refused = "tensor 'a' has a shape that type ";
  EXPECT_EQ(add(TensorType::kQ4_K, {255}), refused + "Q4_K can't have");
  EXPECT_EQ(add(TensorType::kF32, {1, 1, 1, 1, 1}), refused + "F32 can't have");
  EXPECT_EQ(add(TensorType::kF32, {1ull << 62}), refused + "F32 can't have");
  EXPECT_EQ(add(TensorType::kI8, {1ull << 32, 1ull << 32}),
            refused + "I8 can't have");
  EXPECT_EQ(add(TensorType::kI8, {1}), "nothing was thrown");
  EXPECT_EQ(add(TensorType::kI8, {1}), "tensor 'a' is given twice");
}

}  // namespace
}  // namespace fullstop
