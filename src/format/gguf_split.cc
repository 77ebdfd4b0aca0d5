#include "format/gguf_split.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "format/gguf.h"

namespace fullstop {
namespace {

constexpr std::string_view kNumberKey = "split.no";
constexpr std::string_view kCountKey = "split.count";
constexpr std::string_view kTensorCountKey = "split.tensors.count";
constexpr std::string_view kEnding = ".gguf";
constexpr std::string_view kOf = "-of-";
constexpr size_t kDigits = 5;

// Takes SUFFIX off the end of TEXT, if it stands there.
bool Strip(std::string_view suffix, std::string_view* text) {
  if (!text->ends_with(suffix)) return false;
  text->remove_suffix(suffix.size());
  return true;
}

// Takes five digits off the end of TEXT.
std::optional<uint64_t> StripNumber(std::string_view* text) {
  if (text->size() < kDigits) return std::nullopt;
  uint64_t number = 0;
  for (const char c : text->substr(text->size() - kDigits)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  text->remove_suffix(kDigits);
  return number;
}

std::string FiveDigits(uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(text.size() < kDigits ? kDigits - text.size() : 0, '0') +
         text;
}

}  // namespace

std::optional<GgufSplitName> ParseGgufSplitName(std::string_view path) {
  if (!Strip(kEnding, &path)) return std::nullopt;
  const std::optional<uint64_t> count = StripNumber(&path);
  if (!count || !Strip(kOf, &path)) return std::nullopt;
  const std::optional<uint64_t> number = StripNumber(&path);
  if (!number || !Strip("-", &path)) return std::nullopt;
  if (*number < 1 || *number > *count) return std::nullopt;
  return GgufSplitName{std::string(path), *number, *count};
}

std::string MakeGgufSplitName(std::string_view stem, uint64_t number,
                              uint64_t count) {
  return std::string(stem) + "-" + FiveDigits(number) + std::string(kOf) +
         FiveDigits(count) + std::string(kEnding);
}

std::vector<std::string> OtherGgufSplits(const GgufFile& first) {
  const std::string& path = first.paths()[0];
  const int64_t count = first.GetInteger(kCountKey).value_or(0);
  if (count <= 1) return {};
  const auto name = ParseGgufSplitName(path);
  if (!name || name->count != static_cast<uint64_t>(count)) {
    throw Error::Format("the file is one of a set of " + std::to_string(count) +
                        ", but its name does not say so")
        .In(path)
        .Advice("give the files of the set their names back: NAME" +
                MakeGgufSplitName("", 1, static_cast<uint64_t>(count)) +
                " and so on");
  }
  const int64_t index = first.GetInteger(kNumberKey).value_or(-1);
  if (index != 0 || name->number != 1) {
    throw Error::Format("this is not the first file of a set of " +
                        std::to_string(count))
        .In(path)
        .Advice("name the first: " +
                MakeGgufSplitName(name->stem, 1, name->count));
  }
  std::vector<std::string> others;
  std::string missing;
  for (uint64_t number = 2; number <= name->count; ++number) {
    others.push_back(MakeGgufSplitName(name->stem, number, name->count));
    std::error_code ignored;
    if (std::filesystem::exists(others.back(), ignored)) continue;
    if (!missing.empty()) missing += ", ";
    missing += "'" + others.back() + "'";
  }
  if (missing.empty()) return others;
  throw Error::NotFound("the set of " + std::to_string(count) +
                        " files lacks " + missing)
      .In(path)
      .Advice("fetch all files of the set into one folder");
}

void CheckGgufSplit(const GgufFile& part, uint64_t index, uint64_t count) {
  const auto declared_index = part.GetInteger(kNumberKey);
  const auto declared_count = part.GetInteger(kCountKey);
  if (declared_index && declared_count &&
      static_cast<uint64_t>(*declared_index) == index &&
      static_cast<uint64_t>(*declared_count) == count) {
    return;
  }
  const auto text = [](const std::optional<int64_t>& value) {
    return value ? std::to_string(*value) : "(absent)";
  };
  throw Error::Format("file " + std::to_string(index) + " of a set of " +
                      std::to_string(count) + " says it is " +
                      text(declared_index) + " of " + text(declared_count) +
                      " (counted from 0)")
      .In(part.paths()[0])
      .Advice("the file belongs to another set: fetch it again");
}

void CheckGgufSplitTensors(const GgufFile& whole) {
  const auto declared = whole.GetInteger(kTensorCountKey);
  if (declared && static_cast<uint64_t>(*declared) == whole.tensors().size()) {
    return;
  }
  throw Error::Format("the set has " + std::to_string(whole.tensors().size()) +
                      " tensors, but key '" + std::string(kTensorCountKey) +
                      "' says " +
                      (declared ? std::to_string(*declared) : "nothing"))
      .In(whole.paths()[0])
      .Advice("some file belongs to another set: fetch them all again");
}

}  // namespace fullstop
