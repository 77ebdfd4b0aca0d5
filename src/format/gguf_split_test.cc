#include "format/gguf_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Split {
  std::optional<uint16_t> number;
  std::optional<uint16_t> count;
  std::optional<int32_t> tensors;
};

// A set in a folder of its own: file i of three has one tensor "ti", a float i.
class GgufSplitTest : public ::testing::Test {
 protected:
  std::string Path(uint64_t number, uint64_t count = 3) const {
    return MakeGgufSplitName(folder_.File("model"), number, count);
  }

  void Write(const std::string& path, const Split& split, int tensor) const {
    GgufWriter writer;
    if (tensor == 0) writer.Add("general.name", {std::string_view("whole")});
    if (split.number) writer.Add("split.no", {*split.number});
    if (split.count) writer.Add("split.count", {*split.count});
    if (split.tensors) writer.Add("split.tensors.count", {*split.tensors});
    const float value = static_cast<float>(tensor);
    const uint64_t shape[] = {1};
    writer.AddTensor("t" + std::to_string(tensor), TensorType::kF32, shape,
                     std::as_bytes(std::span(&value, 1)));
    writer.WriteFile(path);
  }

  void WriteSet() const {
    for (uint16_t i = 0; i < 3; ++i) Write(Path(i + 1u), {i, 3, 3}, i);
  }

  Error OpenError(const std::string& path) const {
    try {
      GgufFile::Open(path);
    } catch (const Error& error) {
      return error;
    }
    return Error::Usage("opened");
  }

  TestFolder folder_;
};

TEST_F(GgufSplitTest, SetOpensByItsFirstFile) {
  WriteSet();
  const GgufFile file = GgufFile::Open(Path(1));
  EXPECT_THAT(file.paths(), ElementsAre(Path(1), Path(2), Path(3)));
  EXPECT_EQ(file.GetString("general.name"), "whole");
  ASSERT_EQ(file.tensors().size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const GgufTensor* tensor = file.FindTensor("t" + std::to_string(i));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->file, i);
    float value;
    std::memcpy(&value, tensor->data.data(), sizeof(value));
    EXPECT_EQ(value, static_cast<float>(i));
  }
}

TEST_F(GgufSplitTest, AllMissingFilesAreNamed) {
  WriteSet();
  std::filesystem::remove(Path(2));
  std::filesystem::remove(Path(3));
  const Error error = OpenError(Path(1));
  EXPECT_EQ(error.kind(), Error::Kind::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("'" + Path(2) + "'"));
  EXPECT_THAT(error.message(), HasSubstr("'" + Path(3) + "'"));
  EXPECT_THAT(error.message(), Not(HasSubstr("'" + Path(1) + "'")));
}

TEST_F(GgufSplitTest, LaterFileIsRefusedAndTheFirstNamed) {
  WriteSet();
  const Error error = OpenError(Path(2));
  EXPECT_THAT(error.message(), HasSubstr("not the first file of a set of 3"));
  EXPECT_THAT(error.advice(), HasSubstr(Path(1)));
}

TEST_F(GgufSplitTest, RenamedFirstFileIsRefused) {
  WriteSet();
  const std::string renamed = folder_.File("renamed.gguf");
  std::filesystem::rename(Path(1), renamed);
  const Error error = OpenError(renamed);
  EXPECT_THAT(error.message(), HasSubstr("one of a set of 3"));
  EXPECT_THAT(error.advice(), HasSubstr("-00001-of-00003.gguf"));
}

TEST_F(GgufSplitTest, NameThatCountsOtherwiseIsRefused) {
  Write(Path(1, 2), {0, 3, 3}, 0);
  EXPECT_THAT(OpenError(Path(1, 2)).message(), HasSubstr("one of a set of 3"));
}

TEST_F(GgufSplitTest, FileOfAnotherSetIsRefused) {
  for (const Split& wrong :
       {Split{2, 3, 3}, Split{1, 4, 3}, Split{{}, 3, 3}, Split{1, {}, 3}}) {
    WriteSet();
    Write(Path(2), wrong, 1);
    const Error error = OpenError(Path(1));
    EXPECT_THAT(error.message(), HasSubstr("file 1 of a set of 3 says it is"));
    EXPECT_EQ(error.file(), Path(2));
  }
}

TEST_F(GgufSplitTest, WrongNumberOfTensorsIsRefused) {
  for (const auto& tensors :
       {std::optional<int32_t>(4), std::optional<int32_t>(),
        std::optional<int32_t>(-3)}) {
    WriteSet();
    Write(Path(1), {0, 3, tensors}, 0);
    EXPECT_THAT(OpenError(Path(1)).message(),
                HasSubstr("the set has 3 tensors, but key"));
  }
}

TEST_F(GgufSplitTest, TensorInTwoFilesIsRefused) {
  WriteSet();
  Write(Path(3), {2, 3, 3}, 1);
  const Error error = OpenError(Path(1));
  EXPECT_EQ(error.message(), "tensor 't1' stands twice");
  EXPECT_EQ(error.file(), Path(3));
}

TEST_F(GgufSplitTest, DamageInALaterFileNamesThatFile) {
  WriteSet();
  WriteFileAtomically(Path(3), "<!DOCTYPE html><html>");
  const Error error = OpenError(Path(1));
  EXPECT_EQ(error.message(), "not a GGUF file, but an HTML page");
  EXPECT_EQ(error.file(), Path(3));
}

TEST_F(GgufSplitTest, CountBelowTwoIsAWholeModel) {
  const std::string path = folder_.File("merged.gguf");
  Write(path, {0, 0, {}}, 0);
  EXPECT_EQ(GgufFile::Open(path).paths().size(), 1u);
  Write(path, {0, 1, 1}, 0);
  EXPECT_EQ(GgufFile::Open(path).paths().size(), 1u);
}

TEST_F(GgufSplitTest, NameOfASetWithoutKeysIsAWholeModel) {
  Write(Path(1), {}, 0);
  EXPECT_EQ(GgufFile::Open(Path(1)).tensors().size(), 1u);
}

TEST(GgufSplitNameTest, NamesAreParsedAndMade) {
  const auto name = ParseGgufSplitName("/a-b/m-00002-of-00010.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->stem, "/a-b/m");
  EXPECT_EQ(name->number, 2u);
  EXPECT_EQ(name->count, 10u);
  EXPECT_EQ(MakeGgufSplitName(name->stem, 10, 10),
            "/a-b/m-00010-of-00010.gguf");
}

TEST(GgufSplitNameTest, OtherNamesAreNotOfASet) {
  for (const char* path :
       {"m.gguf", "m-00001-of-00003", "m-0001-of-00003.gguf", "",
        "m-00001-of-0003.gguf", "m-00004-of-00003.gguf", "00001-of-00003.gguf",
        "m-00000-of-00003.gguf", "m_00001-of-00003.gguf", ".gguf",
        "m-00001_of-00003.gguf", "m-0000a-of-00003.gguf", "-of-00003.gguf"}) {
    EXPECT_FALSE(ParseGgufSplitName(path)) << path;
  }
}

}  // namespace
}  // namespace fullstop
