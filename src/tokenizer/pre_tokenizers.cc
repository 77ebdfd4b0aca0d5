#include "tokenizer/pre_tokenizers.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace fullstop {
namespace {

// GPT-2's, which Hugging Face's ByteLevel applies by itself.
constexpr std::string_view kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// Hugging Face's Digits, which takes numbers from a later Unicode than its
// patterns: each by itself, and a run of them.
constexpr std::string_view kEachDigit =
    R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}])";
constexpr std::string_view kDigitRun =
    R"([\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}]+)";
constexpr std::string_view kThreeNumbers = R"(\p{N}{1,3})";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using Kind = PreTokenizer::Kind;

constexpr PreTokenizer kTable[] = {
    {.names = "gpt-2", .steps = {{{kGpt2}}}},
    {.names = "smollm starcoder", .steps = {{{kEachDigit}, {kGpt2}}}},
    {.names = "qwen2", .steps = {{{kQwen2}}}, .nfc = true},
    {.names = "llama-bpe",
     .steps = {{{kLlama3}}},
     .ignore_merges = true,
     .adds_bos = true},
    {.names = "default", .steps = {{{kGpt2}, {kDigitRun}}}},
    {.names = "gemma4", .kind = Kind::kRawUtf8Bpe},
};

// Takes the first name off a list.
std::string_view TakeName(std::string_view* names) {
  const std::string_view name = names->substr(0, names->find(' '));
  names->remove_prefix(std::min(names->size(), name.size() + 1));
  return name;
}

// Levenshtein's.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const PreTokenizer> AllPreTokenizers() { return kTable; }

const PreTokenizer* FindPreTokenizer(std::string_view name) {
  for (const PreTokenizer& entry : kTable) {
    for (std::string_view names = entry.names; !names.empty();) {
      if (TakeName(&names) == name) return &entry;
    }
  }
  return nullptr;
}

std::string_view NearestPreTokenizerName(std::string_view name) {
  // A name from a file may be of any length.
  name = name.substr(0, 64);
  std::string_view nearest;
  size_t least = 0;
  for (const PreTokenizer& entry : kTable) {
    for (std::string_view names = entry.names; !names.empty();) {
      const std::string_view known = TakeName(&names);
      const size_t distance = EditDistance(name, known);
      if (nearest.empty() || distance < least) {
        nearest = known;
        least = distance;
      }
    }
  }
  return nearest;
}

}  // namespace fullstop
