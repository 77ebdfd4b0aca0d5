#include "doctor/adapter_pair.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "doctor/ends.h"
#include "format/quote.h"

namespace fullstop {

std::string NeedsBase(const Target& target) {
  const std::string& name = target.adapter()->config().base;
  return "needs --base MODEL, what the adapter was trained on" +
         (name.empty() ? "" : ": it says " + QuoteName(name));
}

const Target* BaseOf(const Target& target, Findings* findings) {
  if (target.base() == nullptr && target.adapter() != nullptr) {
    findings->CannotTell(NeedsBase(target));
  }
  return target.base();
}

const TargetWeights* WeightsOf(const Target& target, const Target& asked,
                               Findings* findings) {
  if (!target.reads_weights()) {
    findings->CannotTell("the weights are not to be opened");
    return nullptr;
  }
  try {
    return &asked.weights();
  } catch (const Error& error) {
    findings->CannotTell((&asked == &target ? "" : "of the base: ") +
                         WhyClosed(error));
    return nullptr;
  }
}

std::optional<TrainedRows> TrainedRows::Of(const Target& target,
                                           Findings* findings) {
  TrainedRows rows;
  rows.target_ = &target;
  rows.base_ = BaseOf(target, findings);
  if (rows.base_ == nullptr) return std::nullopt;
  if (!target.has_vocabulary()) {
    findings->CannotTell("neither the adapter nor its base has a tokenizer");
    return std::nullopt;
  }
  rows.ours_ = WeightsOf(target, target, findings);
  if (rows.ours_ == nullptr) return std::nullopt;
  rows.theirs_ = WeightsOf(target, *rows.base_, findings);
  if (rows.theirs_ == nullptr) return std::nullopt;
  const TokenRows* embedding = rows.theirs_->Find(TokenMatrix::kEmbedding);
  if (embedding == nullptr) {
    findings->CannotTell("the base has no embedding that can be read by rows");
    return std::nullopt;
  }
  // Where a folder holds a head that its configuration ties, loaders drop it.
  rows.tied_ = rows.theirs_->Find(TokenMatrix::kHead) == nullptr ||
               ShapeOf(*rows.base_).tied.value_or(false);
  return rows;
}

const TokenRows& TrainedRows::Before(TokenMatrix matrix) const {
  return *theirs_->Find(tied_ ? TokenMatrix::kEmbedding : matrix);
}

std::vector<TokenMatrix> TrainedRows::Aliases(TokenMatrix matrix) const {
  const TokenMatrix other = matrix == TokenMatrix::kHead
                                ? TokenMatrix::kEmbedding
                                : TokenMatrix::kHead;
  // A model whose head was parted from its embedding has both.
  const bool one = target_->adapter() != nullptr
                       ? tied_
                       : ours_->Find(TokenMatrix::kHead) == nullptr;
  return one ? std::vector{matrix, other} : std::vector{matrix};
}

const TokenRows* TrainedRows::After(TokenMatrix matrix) const {
  for (const TokenMatrix each : Aliases(matrix)) {
    if (const TokenRows* rows = ours_->Find(each)) return rows;
  }
  return nullptr;
}

std::optional<TrainedRows::TokenRow> TrainedRows::FindToken(TokenMatrix matrix,
                                                            size_t id) const {
  if (target_->adapter() == nullptr) return std::nullopt;
  for (const TokenMatrix each : Aliases(matrix)) {
    const TokenRows* rows = ours_->FindTokens(each);
    if (rows == nullptr || rows->columns() != Before(matrix).columns()) {
      continue;
    }
    for (const PeftTokens& tokens : target_->adapter()->config().tokens) {
      const auto of = tokens.module.empty() ? TokenMatrix::kEmbedding
                                            : TokenMatrixOf(tokens.module);
      if (of != each) continue;
      const auto found =
          std::ranges::find(tokens.ids, static_cast<int64_t>(id));
      const auto row = static_cast<size_t>(found - tokens.ids.begin());
      if (row < std::min(tokens.ids.size(), rows->size())) {
        return TokenRow{rows, row};
      }
    }
  }
  return std::nullopt;
}

bool TrainedRows::Reaches(TokenMatrix matrix, size_t id) const {
  if (target_->adapter() == nullptr) return true;
  if (After(matrix) != nullptr || FindToken(matrix, id)) return true;
  return std::ranges::any_of(Aliases(matrix), [this](TokenMatrix each) {
    return ours_->IsLowRank(each);
  });
}

bool TrainedRows::Changed(TokenMatrix matrix, size_t id) const {
  const TokenRows& before = Before(matrix);
  if (const auto token = FindToken(matrix, id)) {
    return !token->rows->SameRow(token->row, before, id);
  }
  if (const TokenRows* rows = After(matrix)) {
    // Of a low-rank change the matrix is the base's, saved beside it.
    if (!rows->SameRow(id, before)) return true;
  }
  for (const TokenMatrix each : Aliases(matrix)) {
    if (target_->adapter() == nullptr || !ours_->IsLowRank(each)) continue;
    const TokenRows* factor = ours_->head_factor();
    if (each == TokenMatrix::kEmbedding || factor == nullptr) return true;
    if (id >= factor->size()) continue;
    const std::vector<float> row = factor->Row(id);
    if (std::ranges::any_of(row, [](float x) { return x != 0; })) return true;
  }
  return false;
}

std::optional<std::vector<float>> TrainedRows::Row(TokenMatrix matrix,
                                                   size_t id) const {
  if (const auto token = FindToken(matrix, id)) {
    return token->rows->Row(token->row);
  }
  const TokenRows* rows = After(matrix);
  if (rows == nullptr || id >= rows->size()) return std::nullopt;
  return rows->Row(id);
}

std::vector<TokenId> NewTokens(const Target& target, const Target& base) {
  std::vector<TokenId> ids =
      OtherTexts(*target.vocabulary(), *base.vocabulary());
  const auto size = static_cast<TokenId>(target.vocabulary()->size());
  for (auto id = static_cast<TokenId>(base.vocabulary()->size()); id < size;
       ++id) {
    ids.push_back(id);
  }
  return ids;
}

std::vector<size_t> SomeRows(const Target& target, size_t size) {
  constexpr size_t kMost = 256;
  std::vector<size_t> ids;
  const size_t step = std::max<size_t>(1, (size + kMost - 1) / kMost);
  for (size_t id = 0; id < size; id += step) ids.push_back(id);
  for (const Stop& stop : target.facts().stops.stops) {
    const auto id = static_cast<size_t>(stop.id);
    if (id < size && EndsAReply(stop)) ids.push_back(id);
  }
  std::ranges::sort(ids);
  const auto same = std::ranges::unique(ids);
  ids.erase(same.begin(), same.end());
  return ids;
}

std::string ShownShape(const SafetensorsTensor& tensor) {
  std::string text = "[";
  for (const uint64_t length : tensor.shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(length);
  }
  return text + "]";
}

std::string ShownBytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "KB", "MB", "GB",
                                                 "TB"};
  constexpr double kStep = 1000;
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= kStep && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string HowMany(size_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace fullstop
