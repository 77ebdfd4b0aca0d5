#include "format/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/safetensors_test_bytes.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kTwo =
    R"({"__metadata__":{"format":"pt"},)"
    R"("b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},)"
    R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  )";

std::string What(const std::string& file,
                 Error::Kind kind = Error::Kind::kFormat) {
  try {
    SafetensorsSet::Parse(BytesOf(file), "test.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_EQ(error.file(), "test.safetensors");
    return error.message();
  }
  return "no error";
}

std::string WhatOfHeader(std::string_view header, size_t size) {
  return What(MakeSafetensors(header, size));
}

// A header of one tensor.
std::string One(std::string_view fields) {
  return R"({"a":{)" + std::string(fields) + "}}";
}

TEST(SafetensorsTest, TensorsComeAsTheyLie) {
  const std::string file = MakeSafetensors(kTwo, 16);
  const auto set = SafetensorsSet::Parse(BytesOf(file), "two");
  ASSERT_EQ(set.tensors().size(), 2u);
  const SafetensorsTensor& a = set.tensors()[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.type, SafetensorsType::kF32);
  EXPECT_TRUE(a.shape.empty());
  EXPECT_EQ(a.data.size(), 4u);
  EXPECT_EQ(file[a.byte], '{');
  const SafetensorsTensor& b = set.tensors()[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.type, SafetensorsType::kBF16);
  EXPECT_THAT(b.shape, ElementsAre(2, 3));
  EXPECT_EQ(b.data.front(), std::byte{4});
  EXPECT_EQ(b.data.back(), std::byte{15});
  EXPECT_EQ(set.Find("b"), &b);
  EXPECT_EQ(set.Find("c"), nullptr);
  EXPECT_EQ(set.metadata().at("format"), "pt");
}

TEST(SafetensorsTest, EmptyTensorsTakeNoBytes) {
  const std::string file = MakeSafetensors(
      R"({"a":{"dtype":"F32","shape":[4,0],"data_offsets":[0,0]},)"
      R"("b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
      R"("c":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
      1);
  const auto set = SafetensorsSet::Parse(BytesOf(file), "empty");
  EXPECT_EQ(set.tensors().size(), 3u);
  EXPECT_TRUE(set.Find("a")->data.empty());
}

TEST(SafetensorsTest, NoTensorsIsAFile) {
  const std::string file = MakeSafetensors("{}", 0);
  EXPECT_TRUE(SafetensorsSet::Parse(BytesOf(file), "none").tensors().empty());
}

TEST(SafetensorsTest, EveryTypeHasItsSize) {
  for (const auto& [name, bits] : std::vector<std::pair<std::string, size_t>>{
           {"BOOL", 8},        {"F4", 4},          {"F6_E2M3", 6},
           {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
           {"F8_E5M2", 8},     {"F8_E4M3", 8},     {"F8_E8M0", 8},
           {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
           {"U16", 16},        {"F16", 16},        {"BF16", 16},
           {"I32", 32},        {"U32", 32},        {"F32", 32},
           {"C64", 64},        {"F64", 64},        {"I64", 64},
           {"U64", 64}}) {
    const std::string end = std::to_string(bits);
    const std::string file =
        MakeSafetensors(One(R"("dtype":")" + name +
                            R"(","shape":[8],"data_offsets":[0,)" + end + "]"),
                        bits);
    const auto set = SafetensorsSet::Parse(BytesOf(file), name);
    EXPECT_EQ(SafetensorsTypeName(set.tensors()[0].type), name);
  }
  EXPECT_THAT(
      WhatOfHeader(One(R"("dtype":"F4","shape":[3],"data_offsets":[0,1])"), 1),
      HasSubstr("type and shape"));
}

TEST(SafetensorsTest, EveryCutIsAnError) {
  const std::string file = MakeSafetensors(kTwo, 16);
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(What(file.substr(0, size)), "no error") << size;
  }
}

TEST(SafetensorsTest, AbsurdLengthsAreRefused) {
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{1}, uint64_t{100'000'001}, uint64_t{1} << 40,
        UINT64_MAX - 7, UINT64_MAX}) {
    EXPECT_NE(What(MakeSafetensors(kTwo, 16, length)), "no error") << length;
  }
  EXPECT_THAT(What(MakeSafetensors(kTwo, 16, 1000)),
              HasSubstr("1000 bytes long"));
}

TEST(SafetensorsTest, OtherFilesAreNamed) {
  EXPECT_THAT(What("GGUF\3\0\0\0 and so on, and on, and on"),
              HasSubstr("not a safetensors file"));
  EXPECT_THAT(What("version https://git-lfs.github.com/spec/v1\noid",
                   Error::Kind::kNotFound),
              HasSubstr("Git LFS pointer"));
}

TEST(SafetensorsTest, OffsetsAreChecked) {
  const auto of = [](std::string_view offsets, size_t size) {
    return WhatOfHeader(One(R"("dtype":"U8","shape":[2],"data_offsets":)" +
                            std::string(offsets)),
                        size);
  };
  EXPECT_EQ(of("[0,2]", 2), "no error");
  EXPECT_THAT(of("[0,3]", 2), HasSubstr("ends at byte 3"));
  EXPECT_THAT(of("[0,3]", 3), HasSubstr("type and shape"));
  EXPECT_THAT(of("[2,0]", 2), HasSubstr("ends before it begins"));
  EXPECT_THAT(of("[1,3]", 3), HasSubstr("leaves a gap"));
  EXPECT_THAT(of("[0,2]", 3), HasSubstr("behind the last tensor"));
  EXPECT_THAT(of("[0]", 2), HasSubstr("not 2"));
  EXPECT_THAT(of("[0,1,2]", 2), HasSubstr("not 2"));
  EXPECT_THAT(of("[0,-2]", 2), HasSubstr("wrong kind"));
  EXPECT_THAT(of("[0,2.0]", 2), HasSubstr("wrong kind"));
  EXPECT_THAT(of("[0,18446744073709551616]", 2), HasSubstr("wrong kind"));
  EXPECT_THAT(of("[18446744073709551615,18446744073709551615]", 2),
              HasSubstr("ends at byte"));
  EXPECT_THAT(of("[[0,2]]", 2), HasSubstr("holds an array"));
}

TEST(SafetensorsTest, OverlapIsRefused) {
  EXPECT_THAT(
      WhatOfHeader(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                   R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                   3),
      HasSubstr("tensor 'b' overlaps"));
}

TEST(SafetensorsTest, ShapesAreChecked) {
  const auto of = [](std::string_view shape) {
    return WhatOfHeader(One(R"("dtype":"F32","shape":)" + std::string(shape) +
                            R"(,"data_offsets":[0,8])"),
                        8);
  };
  EXPECT_EQ(of("[2]"), "no error");
  EXPECT_EQ(of("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]"), "no error");
  EXPECT_THAT(of("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]"),
              HasSubstr("more than 16 dimensions"));
  EXPECT_THAT(of("[3]"), HasSubstr("type and shape"));
  EXPECT_THAT(of("[4294967296,4294967296,4294967296]"),
              HasSubstr("type and shape"));
  EXPECT_THAT(of("[9223372036854775808,2]"), HasSubstr("type and shape"));
  EXPECT_THAT(of("[0,18446744073709551615,18446744073709551615]"),
              HasSubstr("type and shape"));
  EXPECT_THAT(of("2"), HasSubstr("wrong kind"));
  EXPECT_THAT(of("[\"2\"]"), HasSubstr("wrong kind"));
  EXPECT_THAT(of("{}"), HasSubstr("holds an object"));
}

TEST(SafetensorsTest, FieldsAreChecked) {
  EXPECT_THAT(WhatOfHeader(One(R"("shape":[1],"data_offsets":[0,1])"), 1),
              HasSubstr("lacks its dtype"));
  EXPECT_THAT(WhatOfHeader(One(R"("dtype":"U8","data_offsets":[0,1])"), 1),
              HasSubstr("lacks its shape"));
  EXPECT_THAT(WhatOfHeader(One(R"("dtype":"U8","shape":[1])"), 1),
              HasSubstr("lacks its data_offsets"));
  EXPECT_THAT(
      WhatOfHeader(One(R"("dtype":"Q4","shape":[1],"data_offsets":[0,1])"), 1),
      HasSubstr("unknown type 'Q4'"));
  const std::string good = R"("dtype":"U8","shape":[1],"data_offsets":[0,1])";
  for (const char* twice :
       {R"("dtype":"U8")", R"("shape":[1])", R"("data_offsets":[0,1])"}) {
    EXPECT_THAT(WhatOfHeader(One(good + "," + twice), 1),
                HasSubstr("two fields"));
  }
  EXPECT_EQ(WhatOfHeader(One(good + R"(,"later":true)"), 1), "no error");
  EXPECT_THAT(WhatOfHeader(R"({"a":7})", 0), HasSubstr("wrong kind"));
  EXPECT_THAT(WhatOfHeader(R"({"__metadata__":{"a":1}})", 0),
              HasSubstr("wrong kind"));
  EXPECT_THAT(WhatOfHeader(R"({"__metadata__":{"a":{}}})", 0),
              HasSubstr("holds an object"));
}

TEST(SafetensorsTest, NamesStandOnce) {
  EXPECT_THAT(
      WhatOfHeader(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                   R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                   2),
      HasSubstr("tensor 'a' stands twice"));
}

TEST(SafetensorsTest, OtherJsonIsRefused) {
  EXPECT_THAT(WhatOfHeader("{\"a\":\"\xFF\"}", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(WhatOfHeader("{} x", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(WhatOfHeader("{\"a\"", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(What(MakeSafetensors("[]", 0)),
              HasSubstr("not a safetensors file"));
  std::string deep = R"({"a":{"later":)";
  deep += std::string(1 << 20, '[');
  EXPECT_THAT(WhatOfHeader(deep, 0), HasSubstr("holds an array"));
}

class SafetensorsSetTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) const {
    WriteFileAtomically(folder_ / name, content);
  }
  // Files of one U8 tensor each, whose names are the letters.
  void WriteShard(const std::string& name, std::string_view letters) const {
    std::string header = "{";
    for (size_t i = 0; i < letters.size(); ++i) {
      header += (i == 0 ? "\"" : ",\"") + std::string(1, letters[i]) +
                R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" +
                std::to_string(i) + "," + std::to_string(i + 1) + "]}";
    }
    Write(name, MakeSafetensors(header + "}", letters.size()));
  }
  std::string Index() const { return folder_ / "model.safetensors.index.json"; }
  SafetensorsSet OpenIndex(std::string_view map) const {
    Write("model.safetensors.index.json",
          R"({"metadata":{"total_size":3,"a":[1]},"weight_map":{)" +
              std::string(map) + "}}");
    return SafetensorsSet::Open(Index());
  }
  std::string What(std::string_view map, Error::Kind kind) const {
    try {
      OpenIndex(map);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_EQ(error.file(), Index());
      return error.message();
    }
    return "no error";
  }

  const TestFolder place_;
  const std::filesystem::path folder_ = place_.path();
};

TEST_F(SafetensorsSetTest, IndexJoinsItsFiles) {
  WriteShard("2.safetensors", "cx");
  WriteShard("1.safetensors", "abx");
  const auto set = OpenIndex(
      R"("c":"2.safetensors","a":"1.safetensors","x":"2.safetensors")");
  ASSERT_EQ(set.paths().size(), 2u);
  EXPECT_EQ(set.paths()[0], folder_ / "1.safetensors");
  std::string names;
  for (const SafetensorsTensor& tensor : set.tensors()) names += tensor.name;
  // 'b' is not named and counts; the 'x' of the first file does not.
  EXPECT_EQ(names, "abcx");
  EXPECT_EQ(set.Find("x")->file, 1u);
}

TEST_F(SafetensorsSetTest, MissingFilesAreAllNamed) {
  WriteShard("1.safetensors", "a");
  EXPECT_THAT(What(R"("a":"1.safetensors","b":"2.safetensors",)"
                   R"("c":"3.safetensors")",
                   Error::Kind::kNotFound),
              HasSubstr("of 3 files that the index names, 2 are missing: "
                        "'2.safetensors', '3.safetensors'"));
}

TEST_F(SafetensorsSetTest, TensorThatNoFileHasIsAnError) {
  WriteShard("1.safetensors", "a");
  EXPECT_THAT(
      What(R"("a":"1.safetensors","b":"1.safetensors")", Error::Kind::kFormat),
      HasSubstr("tensor 'b' is not in the file"));
}

TEST_F(SafetensorsSetTest, TensorThatTwoFilesHaveIsAnError) {
  WriteShard("1.safetensors", "ax");
  WriteShard("2.safetensors", "bx");
  EXPECT_THROW(OpenIndex(R"("a":"1.safetensors","b":"2.safetensors")"), Error);
}

TEST_F(SafetensorsSetTest, NamesThatLeadOutOfTheFolderAreRefused) {
  for (const char* name :
       {"../1.safetensors", "/etc/1.safetensors", "a/1.safetensors",
        "..\\\\1.safetensors", "1\\u0000.safetensors", ".safetensors", "..", "",
        "1.bin"}) {
    EXPECT_THAT(
        What(R"("a":")" + std::string(name) + '"', Error::Kind::kFormat),
        HasSubstr("no .safetensors file beside it"))
        << name;
  }
}

TEST_F(SafetensorsSetTest, BadIndexesAreRefused) {
  EXPECT_THAT(
      What(R"("a":"1.safetensors","a":"2.safetensors")", Error::Kind::kFormat),
      HasSubstr("names tensor 'a' twice"));
  EXPECT_THAT(What(R"("a":1)", Error::Kind::kFormat), HasSubstr("no file"));
  EXPECT_THAT(What(R"("a":{})", Error::Kind::kFormat), HasSubstr("no file"));
  EXPECT_THAT(What(R"("a":["1.safetensors"])", Error::Kind::kFormat),
              HasSubstr("no file"));
  EXPECT_THAT(What(R"("a":null)", Error::Kind::kFormat), HasSubstr("no file"));
  EXPECT_THAT(What("", Error::Kind::kFormat), HasSubstr("no 'weight_map'"));
  EXPECT_THAT(What(R"(},"weight_map":{)", Error::Kind::kFormat),
              HasSubstr("two fields"));
  for (const char* text : {"", "[]", "7", "{}", R"({"weight_map":"a"})"}) {
    Write("model.safetensors.index.json", text);
    EXPECT_THROW(SafetensorsSet::Open(Index()), Error) << text;
  }
}

TEST_F(SafetensorsSetTest, SingleFileOpens) {
  WriteShard("model.safetensors", "ab");
  auto set = SafetensorsSet::Open(folder_ / "model.safetensors");
  const SafetensorsSet moved = std::move(set);
  EXPECT_EQ(moved.Find("b")->data[0], std::byte{1});
  EXPECT_THROW(SafetensorsSet::Open(folder_ / "no.safetensors"), Error);
}

}  // namespace
}  // namespace fullstop
