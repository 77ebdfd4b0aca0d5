#include "format/file_kind.h"

#include <gtest/gtest.h>

#include <ostream>
#include <span>
#include <string>
#include <string_view>

namespace fullstop {
namespace {

using std::string_literals::operator""s;

struct Case {
  std::string bytes;
  std::string_view what;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

std::string What(std::string_view bytes) {
  const FileKind kind = GuessFileKind(std::as_bytes(std::span(bytes)));
  EXPECT_FALSE(kind.advice.empty());
  return kind.what;
}

std::string Safetensors(uint64_t header, size_t size) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(header >> 8 * i);
  }
  bytes += "{\"__metadata__\":{}}";
  bytes.resize(size, ' ');
  return bytes;
}

class FileKindTest : public ::testing::TestWithParam<Case> {};

TEST_P(FileKindTest, IsNamed) {
  EXPECT_EQ(What(GetParam().bytes), GetParam().what);
}

INSTANTIATE_TEST_SUITE_P(
    All, FileKindTest,
    ::testing::Values(
        Case{"", "an empty file"},
        Case{"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
             "a Git LFS pointer"},
        Case{"<!DOCTYPE html>\n<html>", "an HTML page"},
        Case{"\xEF\xBB\xBF \r\n<HTML lang=en>", "an HTML page"},
        Case{"<?xml version=\"1.0\"?><Error/>", "an XML document"},
        Case{" {\"error\": \"no\"}", "a JSON text"},
        Case{"Gr\xC3\xBC\xC3\x9F Gott\n", "a text file"},
        Case{" \n\t", "a text file"},
        // A character that the looked-at part cuts is no reason for doubt.
        Case{std::string(511, 'x') + "\xC3\xBC" + std::string(99, 'y'),
             "a text file"},
        Case{Safetensors(19, 100), "a safetensors file"},
        Case{Safetensors(92, 100), "a safetensors file"},
        // A header longer than the file is none.
        Case{Safetensors(93, 100), "something unknown"},
        Case{"PK\x03\x04\x14\0\0\0"s, "a zip archive or PyTorch checkpoint"},
        Case{"\x80\x02}q\0."s, "a Python pickle (an old PyTorch checkpoint)"},
        Case{"\x80\x04\x95\0\0"s, "a Python pickle"},
        Case{"tjgg\x03\0\0\0"s, "a GGJT file, a forerunner of GGUF"},
        Case{"lmgg\0\0\0\0"s, "a GGML file, a forerunner of GGUF"},
        Case{"\x89HDF\r\n\x1A\n"s, "an HDF5 file"},
        Case{"\x7F"
             "ELF\x02\x01"s,
             "a program"},
        Case{"\x1F\x8B\x08\0"s, "a gzip archive"},
        Case{"PAR1\x15\x04", "a Parquet file"},
        Case{"\x28\xB5\x2F\xFD\0"s, "a Zstandard archive"},
        Case{std::string(1000, '\0'), "a file that begins with zeros"},
        Case{"GGUE\x03\0\0\0"s, "something unknown"},
        Case{"\xFF\xFE\xFD"s, "something unknown"}));

TEST(FileKindPrefixTest, NoPrefixOfAnyKindDoesHarm) {
  const std::string bytes =
      Safetensors(19, 30) + "version https://git-lfs.github.com/spec/v1";
  for (size_t begin = 0; begin < bytes.size(); ++begin) {
    for (size_t size = 0; begin + size <= bytes.size(); ++size) {
      EXPECT_FALSE(What(std::string_view(bytes).substr(begin, size)).empty());
    }
  }
}

}  // namespace
}  // namespace fullstop
