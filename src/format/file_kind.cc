#include "format/file_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "base/utf8.h"

namespace fullstop {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kLooked = 512;

struct Signature {
  std::string_view begin;
  std::string_view what;
  std::string_view advice;
  bool is_pointer = false;
};

constexpr std::string_view kConvert = "convert it to GGUF first";
constexpr std::string_view kUnpack = "unpack it first";
constexpr std::string_view kRows =
    "name a model: this file holds rows of data, which are read as JSONL";
constexpr std::string_view kFetchAgain =
    "the download ended at a page instead of the file (a login, a licence to "
    "accept, a wrong address): fetch it again";

// Compared in lower case, behind leading white space.
constexpr std::array kTextSignatures = {
    Signature{"version https://git-lfs.github.com/spec/", "a Git LFS pointer",
              "the repository was cloned without its large files: run `git lfs "
              "pull` there",
              true},
    Signature{"<!doctype html", "an HTML page", kFetchAgain},
    Signature{"<html", "an HTML page", kFetchAgain},
    Signature{"<?xml", "an XML document", kFetchAgain},
    Signature{"{", "a JSON text",
              "name the GGUF file, or the folder that the JSON file lies in"},
};

constexpr std::array kBinarySignatures = {
    Signature{"PK\x03\x04", "a zip archive or PyTorch checkpoint",
              "unpack the archive, or convert the checkpoint to safetensors"},
    Signature{"\x80\x02", "a Python pickle (an old PyTorch checkpoint)",
              kConvert},
    Signature{"\x80\x03", "a Python pickle", kConvert},
    Signature{"\x80\x04", "a Python pickle", kConvert},
    Signature{"\x80\x05", "a Python pickle", kConvert},
    Signature{"tjgg", "a GGJT file, a forerunner of GGUF", kConvert},
    Signature{"fmgg", "a GGMF file, a forerunner of GGUF", kConvert},
    Signature{"lmgg", "a GGML file, a forerunner of GGUF", kConvert},
    Signature{"algg", "a GGLA adapter, a forerunner of GGUF", kConvert},
    Signature{"FUGG", "a GGUF file whose bytes are swapped in fours",
              "fetch it again"},
    Signature{"\x89HDF\r\n"sv, "an HDF5 file", kConvert},
    Signature{"\x93NUMPY"sv, "a NumPy array", kConvert},
    Signature{"\x7f"
              "ELF",
              "a program", "name a model"},
    Signature{"PAR1", "a Parquet file", kRows},
    Signature{"ARROW1", "an Arrow file", kRows},
    Signature{"\x1f\x8b", "a gzip archive", kUnpack},
    Signature{"BZh", "a bzip2 archive", kUnpack},
    Signature{"\xFD"
              "7zXZ",
              "an xz archive", kUnpack},
    Signature{"\x28\xB5\x2F\xFD", "a Zstandard archive", kUnpack},
    Signature{"7z\xBC\xAF", "a 7-Zip archive", kUnpack},
};

FileKind Make(const Signature& signature) {
  return {std::string(signature.what), std::string(signature.advice),
          signature.is_pointer};
}

std::string LowerCaseStart(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t start = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(start == text.npos ? text.size() : start);
  std::string lower(text.substr(0, 64));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return lower;
}

// A header length, then the header, a JSON object.
bool IsSafetensors(std::string_view text, size_t size) {
  if (text.size() < 10 || text[8] != '{') return false;
  uint64_t length = 0;
  for (size_t i = 8; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(text[i]);
  }
  return length >= 2 && length <= size - 8;
}

bool IsText(std::string_view text, bool complete) {
  if (!complete) text.remove_suffix(IncompleteUtf8Suffix(text));
  const auto is_control = [](unsigned char c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' &&
            c != 0x1B) ||
           c == 0x7F;
  };
  return IsValidUtf8(text) && std::ranges::none_of(text, is_control);
}

}  // namespace

FileKind GuessFileKind(std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    return {"an empty file", "the download or the copy failed: fetch it again"};
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kLooked));
  for (const Signature& signature : kBinarySignatures) {
    if (text.starts_with(signature.begin)) return Make(signature);
  }
  if (IsSafetensors(text, bytes.size())) {
    return {"a safetensors file", "name the folder that it lies in"};
  }
  if (IsText(text, bytes.size() <= kLooked)) {
    const std::string start = LowerCaseStart(text);
    for (const Signature& signature : kTextSignatures) {
      if (start.starts_with(signature.begin)) return Make(signature);
    }
    return {"a text file", "name a model, a GGUF file"};
  }
  if (std::ranges::all_of(text, [](char c) { return c == 0; })) {
    return {"a file that begins with zeros",
            "the download was interrupted or the disk failed: fetch it again"};
  }
  return {"something unknown", "name a model, a GGUF file"};
}

}  // namespace fullstop
