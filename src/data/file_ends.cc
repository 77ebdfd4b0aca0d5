#include "data/file_ends.h"

#include <algorithm>
#include <bit>

#include "data/text_signs.h"

namespace fullstop {
namespace {

constexpr size_t kMostUnclear = 1 << 18;
// Shorter answers may end as they like.
constexpr size_t kLeastBytes = 64;
// For so many answers that break off visibly one does not.
constexpr double kVisiblyBroken = 3;
// Below it nothing is said, however few answers end so.
constexpr double kLeastOdds = 3;
constexpr double kLeastDoubtfulOdds = 2;

// Whether words are learned from the row NUMBER: of the first ones each, and of
// each octave behind them as many.
bool IsSample(size_t number) {
  constexpr size_t kAll = 4096;
  constexpr int kBitsOfAll = 12;
  if (number < kAll) return true;
  return number % (size_t{2} << (std::bit_width(number) - 1 - kBitsOfAll)) == 0;
}

// Whether the last letters of TEXT tell nothing: "o o o", "98 °C", and where
// nothing else speaks for a cut "Plan B".
bool EndsOddly(std::string_view text, bool doubtful) {
  const std::string_view word = LastWord(text);
  const std::string_view before =
      Trimmed(text.substr(0, text.size() - word.size()));
  if (LastWord(before) == word) return true;
  if (!IsUpper(text.back())) return false;
  const char letter = word.size() < 2 ? ' ' : word[word.size() - 2];
  const bool alone = !IsUpper(letter) && !IsLower(letter);
  return alone && (word.size() > 1 || !doubtful);
}

}  // namespace

void FileEnds::Add(std::string_view text, AnswerEnd end, const RawRow& row) {
  constexpr size_t kMostLearned = 2048;
  if (IsSample(row.number)) {
    words_.Learn(text.substr(0, kMostLearned),
                 end != AnswerEnd::kBroken && text.size() <= kMostLearned);
  }
  const AnswerLength length = LengthOf(text);
  lengths_.Add(length, end);
  if (text.size() < kLeastBytes) return;
  ++ends_.at(static_cast<size_t>(end));
  const bool doubtful = end == AnswerEnd::kDoubtful;
  if (!doubtful && end != AnswerEnd::kUnclear) return;
  unclear_.push_back(
      {.line = static_cast<uint32_t>(row.line),
       .number = static_cast<uint32_t>(row.number),
       .length = length,
       .doubtful = doubtful,
       .last = EndsOddly(text, doubtful) ? LastUnits() : LastUnitsOf(text)});
  if (unclear_.size() > kMostUnclear) Forget();
}

void FileEnds::Forget() {
  const auto middle =
      unclear_.begin() + static_cast<ptrdiff_t>(unclear_.size() / 2);
  std::ranges::nth_element(
      unclear_, middle, std::ranges::greater(),
      [](const Unclear& each) { return each.length.pieces; });
  unclear_.erase(middle, unclear_.end());
}

void FileEnds::Take(FileEnds* other) {
  lengths_.Take(&other->lengths_);
  words_.Take(&other->words_);
  for (size_t i = 0; i < ends_.size(); ++i) ends_[i] += other->ends_[i];
  unclear_.insert(unclear_.end(), other->unclear_.begin(),
                  other->unclear_.end());
  while (unclear_.size() > kMostUnclear) Forget();
  *other = {};
}

double FileEnds::OddsOfCut(const Unclear& answer) const {
  const double word = words_.OddsOfCut(answer.last, IsSample(answer.number));
  // A length alone says nothing where no other line has an end either.
  if (!answer.doubtful && word < kLeastOdds) return 0;
  return word * lengths_.OddsOfCut(answer.length);
}

std::vector<FileEnds::Broken> FileEnds::BrokenOff(
    const std::vector<CutOff>& cut_offs) const {
  // Where many answers end unclearly and few are seen to break off, that is how
  // their author ends them.
  const auto needed = [this](AnswerEnd end, double least) {
    const auto count = [this](AnswerEnd which) {
      return static_cast<double>(ends_.at(static_cast<size_t>(which)));
    };
    const double broken = std::max(1.0, count(AnswerEnd::kBroken));
    return std::max(least, kVisiblyBroken * count(end) / broken);
  };
  const double unclear_needs = needed(AnswerEnd::kUnclear, kLeastOdds);
  const double doubtful_needs =
      needed(AnswerEnd::kDoubtful, kLeastDoubtfulOdds);
  std::vector<Broken> broken;
  for (const Unclear& each : unclear_) {
    const bool cut = std::ranges::any_of(cut_offs, [&](const CutOff& cut_off) {
      return each.length.wide == cut_off.wide &&
             each.length.pieces >= cut_off.from &&
             each.length.pieces < cut_off.to;
    });
    const bool likely =
        OddsOfCut(each) >= (each.doubtful ? doubtful_needs : unclear_needs);
    if (cut || likely) broken.push_back({each.line, each.number, cut});
  }
  std::ranges::sort(broken, {}, &Broken::number);
  const auto again =
      std::ranges::unique(broken, {}, [](const Broken& b) { return b.number; });
  broken.erase(again.begin(), again.end());
  return broken;
}

}  // namespace fullstop
