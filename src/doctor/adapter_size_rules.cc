#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "doctor/adapter_pair.h"
#include "doctor/ends.h"
#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"

namespace fullstop {
namespace {

constexpr TokenMatrix kEmbedding = TokenMatrix::kEmbedding;
constexpr TokenMatrix kHead = TokenMatrix::kHead;

// An end that no row of ROWS stands for; nullptr where each has one.
const Stop* LostEnd(const Target& target, uint64_t rows) {
  for (const Stop& stop : target.facts().stops.stops) {
    if (EndsAReply(stop) && static_cast<uint64_t>(stop.id) >= rows) {
      return &stop;
    }
  }
  return nullptr;
}

// How many rows there are once TARGET is loaded.
size_t RowsAfter(const TrainedRows& rows, TokenMatrix matrix) {
  const TokenRows* after = rows.After(matrix);
  return after != nullptr ? after->size() : rows.Before(matrix).size();
}

void CheckTokensHaveRows(const Target& target, const TrainedRows& rows,
                         Findings* findings) {
  const size_t tokens = target.vocabulary()->size();
  const size_t fewer =
      std::min(RowsAfter(rows, kEmbedding), RowsAfter(rows, kHead));
  if (fewer >= tokens) return;
  // What config.json of a model declares is for another rule.
  if (target.adapter() == nullptr &&
      ShapeOf(target).rows.value_or(0) < tokens) {
    return;
  }
  const Stop* lost = LostEnd(target, fewer);
  findings->Add(
      {.severity = lost != nullptr ? Severity::kError : Severity::kNote,
       .message = "the vocabulary has " + HowMany(tokens, "token") +
                  " and the weights " + HowMany(fewer, "row") +
                  (lost == nullptr ? ": what the others stand for was not "
                                     "trained with them"
                                   : ": " + TokenName(target, lost->id) +
                                         ", an end, can never be sampled"),
       .evidence = {{"rows of the base",
                     std::to_string(rows.Before(kEmbedding).size())},
                    {"tokenizer", HowMany(tokens, "token")}},
       .repair = target.adapter() == nullptr
                     ? "save the model with the rows that it was trained with"
                     : "save the embedding and the head with the adapter, or "
                       "take the base's tokenizer"});
}

void CheckMatricesAgree(const TrainedRows& rows, Findings* findings) {
  const size_t in = RowsAfter(rows, kEmbedding);
  const size_t out = RowsAfter(rows, kHead);
  if (in == out ||
      rows.Before(kEmbedding).size() != rows.Before(kHead).size()) {
    return;
  }
  findings->Add(
      {.severity = Severity::kWarning,
       .message = "the embedding has " + HowMany(in, "row") +
                  " and the output head " + HowMany(out, "row") +
                  ": one of them was resized, or saved, without the other",
       .evidence = {{"the embedding", HowMany(in, "row")},
                    {"the output head", HowMany(out, "row")}},
       .repair = "resize both with resize_token_embeddings, and save both"});
}

// A size that whoever loads the target has to know.
void CheckDeclaredSize(const Target& target, const TrainedRows& rows,
                       Findings* findings) {
  const TokenRows* after = rows.After(kEmbedding);
  if (after == nullptr) return;
  const size_t tokens = target.vocabulary()->size();
  if (target.adapter() != nullptr) {
    const size_t before = rows.Before(kEmbedding).size();
    if (after->size() == before) return;
    std::vector<Exhibit> evidence = {
        {"the adapter", HowMany(after->size(), "row")},
        {"the base", HowMany(before, "row")},
        {"tokenizer", HowMany(tokens, "token")}};
    findings->Add(
        {.message = "the adapter's embedding has " +
                    HowMany(after->size(), "row") + " and the base's " +
                    std::to_string(before) +
                    ": a runtime that does not resize the base refuses it" +
                    (after->size() > tokens
                         ? "; " + HowMany(after->size() - tokens, "row") +
                               " stand for no token"
                         : ""),
         .evidence = std::move(evidence),
         .repair = "merge it, or resize the base to that size before it is "
                   "loaded"});
    return;
  }
  const auto declared = ShapeOf(target).rows;
  if (!declared || *declared == after->size()) return;
  findings->Add(
      {.severity = Severity::kWarning,
       .message = "config.json declares " + std::to_string(*declared) +
                  " rows and the weights have " +
                  std::to_string(after->size()) +
                  ": the model can't be loaded as it is",
       .evidence = {{"config.json: vocab_size", std::to_string(*declared)},
                    {after->name(), HowMany(after->size(), "row")}},
       .repair = "set vocab_size to the number of rows"});
}

void CheckRowCounts(const Target& target, Findings* findings) {
  const auto rows = TrainedRows::Of(target, findings);
  if (!rows) return;
  CheckTokensHaveRows(target, *rows, findings);
  CheckMatricesAgree(*rows, findings);
  CheckDeclaredSize(target, *rows, findings);
}

// The first of some rows in which two matrices differ; nullopt where they do
// not.
std::optional<size_t> FirstDifference(const Target& target, const TokenRows& a,
                                      const TokenRows& b) {
  for (const size_t id : SomeRows(target, std::min(a.size(), b.size()))) {
    if (!a.SameRow(id, b)) return id;
  }
  return std::nullopt;
}

std::string RowName(const Target& target, size_t id) {
  return id < target.vocabulary()->size()
             ? TokenName(target, static_cast<TokenId>(id))
             : "row " + std::to_string(id);
}

// Whether the adapter brings MATRIX and it is another than the base's.
bool Trains(const Target& target, const TrainedRows& rows, TokenMatrix matrix) {
  const TokenRows* own = rows.ours().Find(matrix);
  if (own == nullptr) return false;
  const TokenRows& before = rows.Before(matrix);
  return own->size() != before.size() ||
         FirstDifference(target, *own, before).has_value();
}

void CheckSplitAdapter(const Target& target, const TrainedRows& rows,
                       Findings* findings) {
  const PeftConfig& config = target.adapter()->config();
  if (!rows.tied()) return;
  const TokenRows* embedding = rows.ours().Find(kEmbedding);
  const TokenRows* head = rows.ours().Find(kHead);
  const Exhibit tied = {"the base", "its head is its embedding"};
  constexpr const char* kTie =
      "train both as one (ensure_weight_tying), or untie the base before";
  if (embedding != nullptr && head != nullptr) {
    const auto id = FirstDifference(target, *embedding, *head);
    if (!id) return;
    findings->Add(
        {.severity = Severity::kWarning,
         .message = "the base's head is its embedding, and training made two "
                    "of them: whoever merges and ties them again drops one",
         .evidence = {tied,
                      {"the first row in which they differ",
                       RowName(target, *id)}},
         .repair = kTie});
    return;
  }
  if (config.tied) return;
  for (const TokenMatrix matrix : {kEmbedding, kHead}) {
    const bool whole = Trains(target, rows, matrix);
    const TokenMatrix other = matrix == kHead ? kEmbedding : kHead;
    const bool alone = rows.ours().IsLowRank(matrix) &&
                       !rows.ours().IsLowRank(other) &&
                       rows.ours().Find(other) == nullptr;
    if (!whole && !alone) continue;
    const std::string name(TokenMatrixName(matrix));
    findings->Add(
        {.severity = whole ? Severity::kWarning : Severity::kNote,
         .message =
             "the adapter trains " + name +
             " alone, and the base's head is its embedding: " +
             (matrix == kHead
                  ? "a merged model that is saved tied loses what was learnt"
                  : "a merged model that is saved tied gets a head that was "
                    "never trained with it"),
         .evidence = {tied},
         .repair = kTie});
  }
}

void CheckSplitModel(const Target& target, const TrainedRows& rows,
                     Findings* findings) {
  if (target.kind() != TargetKind::kFolder) return;
  const TokenRows* embedding = rows.ours().Find(kEmbedding);
  const TokenRows* head = rows.ours().Find(kHead);
  const bool declared = ShapeOf(target).tied.value_or(false);
  const std::string flag = "config.json: tie_word_embeddings";
  if (embedding != nullptr && head != nullptr && declared) {
    const auto id = FirstDifference(target, *embedding, *head);
    if (!id) return;
    findings->Add(
        {.severity = Severity::kWarning,
         .message = "config.json says that head and embedding are one, and the "
                    "weights hold two that differ: a loader drops one of them",
         .evidence = {{flag, "true"},
                      {"the first row in which they differ",
                       RowName(target, *id)}},
         .repair = "set tie_word_embeddings to false where the head was "
                   "trained"});
  } else if (head == nullptr && !rows.tied()) {
    findings->Add(
        {.severity = Severity::kWarning,
         .message = std::string("the base has an output head of its own, and "
                                "the model has none: it becomes ") +
                    (declared ? "the embedding" : "random at load"),
         .evidence = {{flag, declared ? "true" : "false"}},
         .repair = "save the model with its head"});
  }
}

void CheckTiedHead(const Target& target, Findings* findings) {
  const auto rows = TrainedRows::Of(target, findings);
  if (!rows) return;
  if (target.adapter() != nullptr) {
    CheckSplitAdapter(target, *rows, findings);
  } else {
    CheckSplitModel(target, *rows, findings);
  }
}

constexpr std::array kRules = {
    Rule{"ADP005", "rows and tokens do not fit", Severity::kError,
         "An error at load, or a reply without an end.",
         "The tokenizer has more tokens than there are rows (an error where an "
         "end is among them), the embedding was resized and the head was not, "
         "or a size that nobody declares has to be known (a note).",
         "Resize embedding and head together, and save both with the adapter.",
         "", "E15: LLaMA-Factory#7997, #5661", CheckRowCounts},
    Rule{"ADP006", "a tied head was split", Severity::kWarning,
         "What was learnt is gone once the model is merged: replies do not "
         "end, or are nonsense.",
         "The base's output head is its embedding. One of them was trained "
         "alone, or both apart; a loader that ties them again drops one. A "
         "note where it is a low-rank change.",
         "Train both as one (ensure_weight_tying), or untie the base before.",
         "Differences in rows that are not among the few hundred looked at.",
         "E16: LLaMA-Factory#6446, #6749", CheckTiedHead},
};

}  // namespace

std::span<const Rule> AdapterSizeRules() { return kRules; }

}  // namespace fullstop
