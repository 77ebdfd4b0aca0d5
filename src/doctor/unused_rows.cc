#include "doctor/unused_rows.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace fullstop {
namespace {

constexpr size_t kMostRows = 64;
// How many times their spread a row may lie away and still be one of them.
constexpr double kSpreads = 3;
// Of rows that are all the same: what rounding may do to one more.
constexpr double kRounding = 1e-6;

// The text with each number in it as "#".
std::string WithoutNumbers(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      pattern += c;
    } else if (!pattern.ends_with('#')) {
      pattern += '#';
    }
  }
  return pattern;
}

// Whether anything but the vocabulary itself knows the token.
bool IsUsed(const Target& target, TokenId id) {
  const ProtocolFacts& facts = target.facts();
  const std::string_view text = target.vocabulary()->info(id).text;
  return facts.stops.Find(id) != nullptr ||
         std::ranges::find(facts.named, id, &NamedToken::id) !=
             facts.named.end() ||
         std::ranges::any_of(facts.templates, [text](const auto& each) {
           return each.source.find(text) != std::string::npos;
         });
}

}  // namespace

std::vector<std::vector<size_t>> UnusedRows(const Target& target, size_t rows) {
  const Tokenizer& tokenizer = *target.vocabulary();
  std::vector<size_t> padding;
  std::map<std::string, std::vector<size_t>> reserved;
  for (size_t id = 0; id < rows; ++id) {
    if (id >= tokenizer.size()) {
      padding.push_back(id);
      continue;
    }
    const auto token = static_cast<TokenId>(id);
    const TokenInfo& info = tokenizer.info(token);
    if (info.kind == TokenKind::kUnused) padding.push_back(id);
    if (info.kind != TokenKind::kControl) continue;
    const std::string pattern = WithoutNumbers(info.text);
    if (pattern.find('#') == std::string::npos || IsUsed(target, token)) {
      continue;
    }
    reserved[pattern].push_back(id);
  }
  std::vector<std::vector<size_t>> groups = {std::move(padding)};
  for (auto& [pattern, ids] : reserved) groups.push_back(std::move(ids));
  std::erase_if(groups, [](const std::vector<size_t>& ids) {
    return ids.size() < kFewestUnusedRows;
  });
  return groups;
}

double RowDistance(std::span<const float> row, std::span<const double> mean) {
  double sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    sum += (row[i] - mean[i]) * (row[i] - mean[i]);
  }
  return std::sqrt(sum);
}

RowCloud CloudOf(const std::function<std::vector<float>(size_t id)>& read,
                 std::span<const size_t> ids) {
  std::vector<std::vector<float>> rows;
  const size_t step = (ids.size() + kMostRows - 1) / kMostRows;
  for (size_t i = 0; i < ids.size(); i += step) {
    rows.push_back(read(ids[i]));
  }
  RowCloud cloud;
  cloud.mean.assign(rows.front().size(), 0);
  for (const std::vector<float>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      cloud.mean[i] += row[i] / static_cast<double>(rows.size());
    }
  }
  for (const double value : cloud.mean) cloud.length += value * value;
  cloud.length = std::sqrt(cloud.length);
  for (const std::vector<float>& row : rows) {
    cloud.spread = std::max(cloud.spread, RowDistance(row, cloud.mean));
  }
  return cloud;
}

bool LiesWithin(const RowCloud& cloud, std::span<const float> row) {
  return RowDistance(row, cloud.mean) <=
         std::max(kSpreads * cloud.spread, kRounding * cloud.length);
}

}  // namespace fullstop
