#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "doctor/ends.h"
#include "doctor/head_rows.h"
#include "doctor/rule.h"
#include "doctor/target.h"

namespace fullstop {
namespace {

// With fewer rows their spread says nothing.
constexpr size_t kFewestRows = 4;
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

// Rows that no training can have touched: those behind the vocabulary, tokens
// that stand for nothing, and control tokens of which only a number tells one
// from the next and that no file speaks of.
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
    return ids.size() < kFewestRows;
  });
  return groups;
}

double Distance(std::span<const float> row, std::span<const double> mean) {
  double sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    sum += (row[i] - mean[i]) * (row[i] - mean[i]);
  }
  return std::sqrt(sum);
}

struct Cloud {
  std::vector<double> mean;
  double length = 0;  // of the mean
  double spread = 0;  // the farthest row's distance from it
};

Cloud CloudOf(const HeadRows& head, std::span<const size_t> ids) {
  std::vector<std::vector<float>> rows;
  const size_t step = (ids.size() + kMostRows - 1) / kMostRows;
  for (size_t i = 0; i < ids.size(); i += step) {
    rows.push_back(head.Row(ids[i]));
  }
  Cloud cloud;
  cloud.mean.assign(rows.front().size(), 0);
  for (const std::vector<float>& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      cloud.mean[i] += row[i] / static_cast<double>(rows.size());
    }
  }
  for (const double value : cloud.mean) cloud.length += value * value;
  cloud.length = std::sqrt(cloud.length);
  for (const std::vector<float>& row : rows) {
    cloud.spread = std::max(cloud.spread, Distance(row, cloud.mean));
  }
  return cloud;
}

bool LiesWithin(const Cloud& cloud, std::span<const float> row) {
  return Distance(row, cloud.mean) <=
         std::max(kSpreads * cloud.spread, kRounding * cloud.length);
}

// nullopt where the weights can't be read, with a remark.
std::optional<HeadRows> OpenHead(const Target& target, Findings* findings) {
  if (!target.reads_weights()) {
    findings->CannotTell("the weights are not to be opened");
    return std::nullopt;
  }
  try {
    return HeadRows(target);
  } catch (const Error& error) {
    findings->CannotTell("weights absent: " + error.message());
    return std::nullopt;
  }
}

void CheckEndRows(const Target& target, Findings* findings) {
  const std::optional<HeadRows> head = OpenHead(target, findings);
  if (!head) return;
  const auto groups = UnusedRows(target, head->size());
  if (groups.empty()) {
    return findings->CannotTell(
        "there are fewer than " + std::to_string(kFewestRows) +
        " rows that are known to be unused, to compare with");
  }
  for (const std::vector<size_t>& ids : groups) {
    const Cloud cloud = CloudOf(*head, ids);
    for (const Stop& stop : target.facts().stops.stops) {
      const auto id = static_cast<size_t>(stop.id);
      if (!EndsAReply(stop) || id >= head->size()) continue;
      const std::vector<float> row = head->Row(id);
      if (!LiesWithin(cloud, row)) continue;
      findings->Add(
          {.certainty = Certainty::kLikely,
           .message = "the output row of " + TokenName(target, stop.id) +
                      " lies among those of tokens that were never used: the "
                      "model has not learnt to write it",
           .evidence = {{"its distance from their mean",
                         std::to_string(Distance(row, cloud.mean))},
                        {"the farthest of " + std::to_string(ids.size()) +
                             " unused rows",
                         std::to_string(cloud.spread)}},
           .repair = "train the output head too, or end turns with a token "
                     "that the base model knows"});
    }
  }
}

constexpr std::array kRules = {
    Rule{"TOK007", "an end's row was never trained", Severity::kNote,
         "The reply never ends, or ends by chance.",
         "The output row of an end lies within three times the spread of rows "
         "that no training has touched: behind the vocabulary, or reserved. "
         "Adapters of attention alone can't reach it.",
         "Train lm_head and the embedding too, or end turns with a token that "
         "the base model knows.",
         "Models with fewer than four rows that are known to be unused. How "
         "often it happens: --live.",
         "E13, E14: Qwen3#1064, LLaMA-Factory#7943", CheckEndRows},
};

}  // namespace

std::span<const Rule> WeightRules() { return kRules; }

}  // namespace fullstop
