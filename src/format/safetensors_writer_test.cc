#include "format/safetensors_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "format/safetensors_test_bytes.h"

namespace fullstop {
namespace {

ByteSource Bytes(std::string text) {
  return [text = std::move(text)](const ByteSink& sink) {
    sink(BytesOf(text).first(1));
    sink(BytesOf(text).subspan(1));
  };
}

TEST(SafetensorsWriterTest, WhatIsWrittenIsRead) {
  SafetensorsWriter writer;
  writer.AddMetadata("format", "pt");
  const std::vector<uint64_t> shape = {2, 3};
  writer.AddTensor("b \"quoted\"", SafetensorsType::kU8, shape,
                   Bytes("abcdef"));
  writer.AddTensor("a", SafetensorsType::kF32, {}, Bytes("1234"));
  const std::string file = writer.ToString();
  const auto set = SafetensorsSet::Parse(BytesOf(file), "written");
  ASSERT_EQ(set.tensors().size(), 2u);
  const SafetensorsTensor& first = set.tensors()[0];
  EXPECT_EQ(first.name, "b \"quoted\"");
  EXPECT_EQ(first.shape, shape);
  EXPECT_EQ(first.data.back(), std::byte{'f'});
  EXPECT_TRUE(set.Find("a")->shape.empty());
  EXPECT_EQ(set.metadata().at("format"), "pt");
  EXPECT_EQ((first.data.data() - BytesOf(file).data()) % 8, 0);
}

TEST(SafetensorsWriterTest, NothingIsAFileToo) {
  const std::string file = SafetensorsWriter().ToString();
  EXPECT_TRUE(SafetensorsSet::Parse(BytesOf(file), "none").tensors().empty());
}

TEST(SafetensorsWriterTest, MistakesAreErrors) {
  SafetensorsWriter writer;
  const std::vector<uint64_t> shape = {3};
  writer.AddTensor("a", SafetensorsType::kU8, shape, Bytes("ab"));
  EXPECT_THROW(writer.ToString(), Error);
  EXPECT_THROW(writer.AddTensor("a", SafetensorsType::kU8, shape, Bytes("abc")),
               Error);
  EXPECT_THROW(writer.AddTensor("b", SafetensorsType::kF4, shape, Bytes("ab")),
               Error);
  SafetensorsWriter longer;
  longer.AddTensor("a", SafetensorsType::kU8, shape, Bytes("abcd"));
  EXPECT_THROW(longer.ToString(), Error);
}

}  // namespace
}  // namespace fullstop
