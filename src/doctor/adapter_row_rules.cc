#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "doctor/adapter_pair.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"
#include "doctor/unused_rows.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr TokenMatrix kEmbedding = TokenMatrix::kEmbedding;
constexpr TokenMatrix kHead = TokenMatrix::kHead;

// Whether the base's row ID lies among those that it never used; nullopt where
// there are too few to compare with.
std::optional<bool> WasUnused(const TrainedRows& rows, size_t id) {
  const TokenRows& head = rows.Before(kHead);
  std::vector<std::vector<size_t>> groups =
      UnusedRows(rows.base(), head.size());
  for (std::vector<size_t>& ids : groups) std::erase(ids, id);
  std::erase_if(groups, [](const std::vector<size_t>& ids) {
    return ids.size() < kFewestUnusedRows;
  });
  if (groups.empty()) return std::nullopt;
  const std::vector<float> row = head.Row(id);
  return std::ranges::any_of(groups, [&](const std::vector<size_t>& ids) {
    return LiesWithin(
        CloudOf([&head](size_t each) { return head.Row(each); }, ids), row);
  });
}

// What an adapter trains, for the evidence.
Exhibit WhatIsTrained(const PeftConfig& config) {
  constexpr size_t kMost = 12;
  std::string text;
  size_t count = 0;
  const auto add = [&](std::string_view name) {
    if (++count > kMost) return;
    text += (text.empty() ? "" : ", ") + std::string(name);
  };
  if (!config.targets.pattern.empty()) add(QuoteName(config.targets.pattern));
  for (const auto* names : {&config.targets.names, &config.saved}) {
    for (const std::string& name : *names) add(QuoteName(name));
  }
  if (!config.tokens.empty()) add("some tokens");
  return {"adapter_config.json: target_modules",
          count > kMost ? text + ", …" : text};
}

void CheckEndIsReached(const Target& target, Findings* findings) {
  const auto rows = TrainedRows::Of(target, findings);
  if (!rows) return;
  bool can_tell = true;
  for (const Stop& stop : target.facts().stops.stops) {
    const auto id = static_cast<size_t>(stop.id);
    if (!EndsAReply(stop) || DerivedFrom(stop) == nullptr ||
        id >= rows->Before(kHead).size()) {
      continue;
    }
    const bool reaches = rows->Reaches(kHead, id);
    if (reaches && rows->Changed(kHead, id)) continue;
    const auto unused = WasUnused(*rows, id);
    if (!unused) can_tell = false;
    if (!unused.value_or(false)) continue;
    std::vector<Exhibit> evidence = {
        {DerivedFrom(stop)->where, TokenName(target, stop.id)}};
    if (target.adapter() != nullptr) {
      evidence.push_back(WhatIsTrained(target.adapter()->config()));
    }
    findings->Add(
        {.severity = Severity::kWarning,
         .certainty = Certainty::kLikely,
         .message = TokenName(target, stop.id) + " ends " +
                    (stop.role == StopRole::kToolCall ? "calls" : "answers") +
                    ", the base never trained its output row, and " +
                    (reaches ? "training has not changed it"
                             : "the adapter does not reach it") +
                    ": the model can't learn to write it",
         .evidence = std::move(evidence),
         .repair = "train the head and the embedding too (modules_to_save, or "
                   "trainable_token_indices for that token), or end turns with "
                   "a token that the base model knows"});
  }
  if (!can_tell) {
    findings->CannotTell("the base has fewer than " +
                         std::to_string(kFewestUnusedRows) +
                         " rows that are known to be unused, to compare with");
  }
}

double Length(std::span<const float> row) {
  double sum = 0;
  for (const float x : row) sum += double{x} * x;
  return std::sqrt(sum);
}

double Between(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = double{a[i]} - b[i];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

// Where the base's rows lie, as far as new ones are held against them.
struct Middle {
  // Exact, over all rows; empty where the matrix is too large to read.
  std::vector<double> mean;
  // How far a row lies from another, in the middle.
  double usual = 0;
};

Middle MiddleOf(const TokenRows& rows) {
  constexpr size_t kMostNumbers = size_t{1} << 25;
  constexpr size_t kSome = 65;
  Middle middle;
  std::vector<std::vector<float>> some;
  const size_t step = std::max<size_t>(1, rows.size() / kSome);
  for (size_t id = 0; id < rows.size() && some.size() < kSome; id += step) {
    some.push_back(rows.Row(id));
  }
  std::vector<double> distances;
  for (size_t i = 1; i < some.size(); ++i) {
    distances.push_back(Between(some[i - 1], some[i]));
  }
  if (!distances.empty()) {
    std::ranges::sort(distances);
    middle.usual = distances[distances.size() / 2];
  }
  if (rows.size() > kMostNumbers / rows.columns()) return middle;
  middle.mean.assign(rows.columns(), 0);
  for (size_t id = 0; id < rows.size(); ++id) {
    const std::vector<float> row = rows.Row(id);
    for (size_t i = 0; i < row.size(); ++i) middle.mean[i] += row[i];
  }
  for (double& x : middle.mean) x /= static_cast<double>(rows.size());
  return middle;
}

// What a new token's row is where nobody trained it.
enum class Start { kBase, kMean, kAlike, kZero };

std::string_view StartName(Start start) {
  switch (start) {
    case Start::kBase:
      return "what the base has at their ids";
    case Start::kMean:
      return "the mean of the base's rows";
    case Start::kAlike:
      return "all one and the same";
    case Start::kZero:
      return "zeros";
  }
  return "";
}

// Nearer than that, in usual distances, rows are one: initialisers add a noise
// below it, and training moves a row further.
constexpr double kNoise = 1e-3;
// What rounding to bfloat16 adds to it, as a part of a row's length.
constexpr double kRounding = 1.0 / 256;

// Rows that are one with another of ROWS.
std::vector<bool> Alike(const std::vector<std::vector<float>>& rows,
                        double usual) {
  // Against a few that lie apart: enough to find a crowd.
  constexpr size_t kTried = 16;
  std::vector<bool> alike(rows.size(), false);
  const size_t step = std::max<size_t>(1, rows.size() / kTried);
  for (size_t i = 0; i < rows.size(); i += step) {
    for (size_t j = 0; j < rows.size(); ++j) {
      if (i == j || Between(rows[i], rows[j]) > kNoise * usual) continue;
      alike[i] = alike[j] = true;
    }
  }
  return alike;
}

// The new tokens whose rows are as they began.
std::map<Start, std::vector<TokenId>> Untrained(
    const TrainedRows& rows, TokenMatrix matrix,
    std::span<const TokenId> tokens) {
  const TokenRows& before = rows.Before(matrix);
  std::vector<TokenId> ids;
  std::vector<std::vector<float>> values;
  for (const TokenId token : tokens) {
    auto row = rows.Row(matrix, static_cast<size_t>(token));
    if (!row || row->size() != before.columns()) continue;
    ids.push_back(token);
    values.push_back(*std::move(row));
  }
  std::map<Start, std::vector<TokenId>> untrained;
  if (ids.empty()) return untrained;
  const Middle middle = MiddleOf(before);
  const std::vector<bool> alike = Alike(values, middle.usual);
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<size_t>(ids[i]);
    const double allowed =
        kNoise * middle.usual + kRounding * Length(values[i]);
    if (id < before.size() && !rows.Changed(matrix, id)) {
      untrained[Start::kBase].push_back(ids[i]);
    } else if (Length(values[i]) == 0) {
      untrained[Start::kZero].push_back(ids[i]);
    } else if (!middle.mean.empty() &&
               RowDistance(values[i], middle.mean) <= allowed) {
      untrained[Start::kMean].push_back(ids[i]);
    } else if (alike[i]) {
      untrained[Start::kAlike].push_back(ids[i]);
    }
  }
  return untrained;
}

std::string Named(const Target& target, std::span<const TokenId> ids) {
  constexpr size_t kMost = 5;
  std::string names;
  for (const TokenId id : ids.first(std::min(ids.size(), kMost))) {
    names += (names.empty() ? "" : ", ") + TokenName(target, id);
  }
  return ids.size() > kMost ? names + ", …" : names;
}

// How many of the rows behind the vocabulary training changed.
size_t ChangedBehind(const Target& target, const TrainedRows& rows,
                     TokenMatrix matrix) {
  const TokenRows* after = rows.After(matrix);
  if (after == nullptr) return 0;
  constexpr size_t kMost = 1024;
  const size_t end = std::min(after->size(), rows.Before(matrix).size());
  size_t begin = target.vocabulary()->size();
  if (end > kMost) begin = std::max(begin, end - kMost);
  size_t changed = 0;
  for (size_t id = begin; id < end; ++id) {
    if (rows.Changed(matrix, id)) ++changed;
  }
  return changed;
}

void TellUntrained(const Target& target, const TrainedRows& rows,
                   TokenMatrix matrix, std::span<const TokenId> tokens,
                   Findings* findings) {
  for (const auto& [start, ids] : Untrained(rows, matrix, tokens)) {
    const Stop* end = nullptr;
    for (const Stop& stop : target.facts().stops.stops) {
      if (EndsAReply(stop) && std::ranges::find(ids, stop.id) != ids.end()) {
        end = &stop;
      }
    }
    const bool decides = matrix == kHead && end != nullptr;
    const size_t behind = ChangedBehind(target, rows, matrix);
    std::vector<Exhibit> evidence = {
        {"as they began", Named(target, ids)},
        {"new tokens", HowMany(tokens.size(), "token")}};
    if (behind > 0) {
      evidence.push_back(
          {"changed behind the vocabulary instead", HowMany(behind, "row")});
    }
    findings->Add(
        {.severity = decides ? Severity::kWarning : Severity::kNote,
         .certainty = Certainty::kLikely,
         .message = HowMany(ids.size(), "new token") + " of " +
                    std::to_string(tokens.size()) + " have rows in " +
                    std::string(TokenMatrixName(matrix)) +
                    " that nobody trained: they are " +
                    std::string(StartName(start)) +
                    (decides ? "; " + TokenName(target, end->id) +
                                   ", an end, is among them"
                             : ""),
         .evidence = std::move(evidence),
         .repair = behind > 0 ? "initialise the rows of the new tokens, not "
                                "the last ones of a matrix that is padded"
                              : "train on data in which the tokens stand, with "
                                "the embedding and the head trainable"});
  }
}

void CheckNewRows(const Target& target, Findings* findings) {
  const auto rows = TrainedRows::Of(target, findings);
  if (!rows) return;
  std::vector<TokenId> tokens = NewTokens(target, rows->base());
  // Another vocabulary is another rule's.
  constexpr size_t kMost = 4096;
  if (tokens.size() > kMost) {
    return findings->CannotTell(HowMany(tokens.size(), "token") +
                                " are not the base's: too many to be added "
                                "ones");
  }
  for (const TokenMatrix matrix : {kHead, kEmbedding}) {
    TellUntrained(target, *rows, matrix, tokens, findings);
    // They are one.
    if (rows->After(kHead) == rows->After(kEmbedding)) break;
  }
}

// Matrices from before training, which nobody loads.
void TellCopies(const TargetWeights& weights, Findings* findings) {
  if (weights.copies() == 0) return;
  findings->Add(
      {.message = "the adapter carries " + ShownBytes(weights.copies()) +
                  " of matrices as they were before training, which nobody "
                  "loads",
       .evidence = {{"adapter_model.safetensors", "original_module"}},
       .repair = "save with save_embedding_layers=False"});
}

void CheckBallast(const Target& target, Findings* findings) {
  if (target.adapter() == nullptr) return;
  if (target.reads_weights()) {
    Findings unheard("");
    const TargetWeights* ours = WeightsOf(target, target, &unheard);
    if (ours != nullptr) TellCopies(*ours, findings);
  }
  const auto rows = TrainedRows::Of(target, findings);
  if (!rows) return;
  for (const TokenMatrix matrix : {kEmbedding, kHead}) {
    const TokenRows* own = rows->ours().Find(matrix);
    if (own == nullptr) continue;
    const TokenRows& before = rows->Before(matrix);
    const std::vector<size_t> looked =
        SomeRows(target, std::min({own->size(), before.size(),
                                   rows->base().vocabulary()->size()}));
    const std::vector<TokenId> added = NewTokens(target, rows->base());
    const bool trained = std::ranges::any_of(looked, [&](size_t id) {
      const auto token = static_cast<TokenId>(id);
      return std::ranges::find(added, token) == added.end() &&
             !own->SameRow(id, before);
    });
    if (trained || looked.empty()) continue;
    findings->Add(
        {.message = "the adapter carries " +
                    std::string(TokenMatrixName(matrix)) + " whole, " +
                    ShownBytes(own->bytes()) +
                    ", and training has changed none of the rows looked at" +
                    (added.empty()
                         ? ""
                         : ", those of " + HowMany(added.size(), "new token") +
                               " left aside"),
         .evidence = {{QuoteName(own->name()), ShownBytes(own->bytes())},
                      {"rows looked at", std::to_string(looked.size())}},
         .repair = added.empty()
                       ? "take it out of modules_to_save, or save with "
                         "save_embedding_layers=False"
                       : "train the new tokens alone, with "
                         "trainable_token_indices"});
  }
}

constexpr std::array kRules = {
    Rule{"ADP007", "an end's row is out of the adapter's reach",
         Severity::kWarning,
         "The reply never ends, however long the training was.",
         "The template ends turns with a token whose output row the base never "
         "trained (within three times the spread of its unused rows), and "
         "neither the head nor the embedding that it is tied to is trained "
         "with the adapter; or it is, and the row is the base's all the same.",
         "Train the head and the embedding too, or that token alone "
         "(trainable_token_indices), or end turns with a token that the base "
         "knows.",
         "Bases with fewer than four rows that are known to be unused; bases "
         "that are quantised, whose rows differ from what was saved.",
         "E13: Qwen3#1064, LLaMA-Factory#7943", CheckEndIsReached},
    Rule{"ADP008", "rows of new tokens were never trained", Severity::kWarning,
         "New tokens stand for nothing, or are never written.",
         "The rows of tokens that the base does not have are as they began: "
         "what the base has at their ids, the mean of its rows, one and the "
         "same, or zeros. Where rows behind the vocabulary were changed "
         "instead, the initialisation hit the wrong ones. A warning where an "
         "end of turns is among them and it is the output head.",
         "Initialise and train the rows of the new tokens.",
         "The mean, where a matrix has more than 32 million numbers and one "
         "token is new. Rows that began at random.",
         "E13, E14: xtuner", CheckNewRows},
    Rule{"ADP009", "an adapter carries what it did not change", Severity::kNote,
         "An adapter of gigabytes.",
         "A resized vocabulary, or modules_to_save, puts the whole embedding "
         "and head into the adapter.",
         "Train new tokens alone (trainable_token_indices).",
         "Changes in rows that are not among the few hundred looked at.",
         "E15: LLaMA-Factory#7997, #5661", CheckBallast},
};

}  // namespace

std::span<const Rule> AdapterRowRules() { return kRules; }

}  // namespace fullstop
