#include "data/length_pileup.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "data/text_signs.h"

namespace fullstop {
namespace {

constexpr size_t kBinsOfOctave = 16;
constexpr size_t kMostUnclear = 1 << 18;
// Shorter answers are no longer than a limit would let them.
constexpr size_t kLeastPieces = 48;
// A cut-off has so many answers without an end, and so many times the share of
// them that shorter answers have.
constexpr size_t kLeastOpen = 8;
constexpr double kTimesUsual = 3;
constexpr double kLeastUsual = 0.02;

size_t BinOf(size_t pieces) {
  const auto value = static_cast<double>(std::max<size_t>(1, pieces));
  return static_cast<size_t>(kBinsOfOctave * std::log2(value));
}

size_t BeginOf(size_t bin) {
  return static_cast<size_t>(
      std::ceil(std::exp2(static_cast<double>(bin) / kBinsOfOctave)));
}

enum ByteClass : uint8_t { kLetter, kDigit, kSpace, kInner, kSign };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes = {};
  for (size_t byte = 0; byte < classes.size(); ++byte) {
    const auto c = static_cast<char>(byte);
    classes[byte] = IsLower(c) || IsUpper(c) ? kLetter
                    : IsDigit(c)             ? kDigit
                    : c == ' '               ? kSpace
                    : (c & 0xC0) == 0x80     ? kInner
                                             : kSign;
  }
  return classes;
}();

// About the tokens of TEXT: a word is one, and so are a number, a sign, a
// character of a script without spaces.
size_t PiecesOf(std::string_view text) {
  // By the class of the byte before and the class of a byte.
  constexpr uint8_t kBegins[5][5] = {{0, 1, 0, 0, 1},
                                     {1, 0, 0, 0, 1},
                                     {1, 1, 0, 0, 1},
                                     {1, 1, 0, 0, 1},
                                     {1, 1, 0, 0, 1}};
  size_t pieces = 0;
  uint8_t before = kSpace;
  for (const char c : text) {
    const uint8_t now = kClasses[static_cast<unsigned char>(c)];
    pieces += kBegins[before][now];
    before = now;
  }
  return pieces;
}

// The lower end of Wilson's 95 % interval.
double LeastShare(size_t some, size_t all) {
  constexpr double kZ = 1.96;
  const auto n = static_cast<double>(all);
  const double share = static_cast<double>(some) / n;
  const double middle = share + kZ * kZ / (2 * n);
  const double spread =
      kZ * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return (middle - spread) / (1 + kZ * kZ / n);
}

template <typename Count>
double Share(const Count& count) {
  return static_cast<double>(count.open) /
         static_cast<double>(std::max<size_t>(1, count.answers));
}

}  // namespace

void LengthPileup::Add(std::string_view text, AnswerEnd end, size_t line,
                       size_t turn) {
  // No piece is less than a byte.
  if (text.size() < kLeastPieces) return;
  const size_t size = PiecesOf(text);
  if (size < kLeastPieces) return;
  size_t characters = 0;
  for (const char c : text) characters += (c & 0xC0) != 0x80 ? 1 : 0;
  // Most characters of East Asia have three bytes.
  const bool wide = text.size() > 2 * characters;
  const size_t bin = std::min(kBins - 1, BinOf(size));
  Count& count = counts_[wide ? 1 : 0][bin];
  ++count.answers;
  if (end == AnswerEnd::kWhole) return;
  ++count.open;
  if (end == AnswerEnd::kBroken) return;
  unclear_.push_back({.line = line,
                      .turn = static_cast<uint32_t>(turn),
                      .pieces = static_cast<uint32_t>(size),
                      .wide = wide});
  if (unclear_.size() > kMostUnclear) Forget();
}

void LengthPileup::Forget() {
  const auto middle =
      unclear_.begin() + static_cast<ptrdiff_t>(unclear_.size() / 2);
  std::ranges::nth_element(unclear_, middle, std::ranges::greater(),
                           &Unclear::pieces);
  unclear_.erase(middle, unclear_.end());
}

void LengthPileup::Take(LengthPileup* other) {
  for (size_t i = 0; i < counts_.size(); ++i) {
    for (size_t bin = 0; bin < kBins; ++bin) {
      counts_[i][bin].answers += other->counts_[i][bin].answers;
      counts_[i][bin].open += other->counts_[i][bin].open;
    }
  }
  unclear_.insert(unclear_.end(), other->unclear_.begin(),
                  other->unclear_.end());
  while (unclear_.size() > kMostUnclear) Forget();
  *other = {};
}

void LengthPileup::Find(bool wide, std::vector<CutOff>* cut_offs) const {
  const auto& counts = counts_[wide ? 1 : 0];
  size_t all = 0;
  for (const Count& each : counts) all += each.answers;
  size_t longer = all;
  // Of the octave below.
  Count shorter;
  for (size_t bin = 0; bin + 1 < kBins; ++bin) {
    const Count here{counts[bin].answers + counts[bin + 1].answers,
                     counts[bin].open + counts[bin + 1].open};
    longer -= counts[bin].answers;
    const double usual = std::max(kLeastUsual, Share(shorter));
    const bool stands_out =
        here.open >= kLeastOpen &&
        (longer - counts[bin + 1].answers) * 10 <= all &&
        LeastShare(here.open, here.answers) >= kTimesUsual * usual;
    if (stands_out) {
      cut_offs->push_back({.from = BeginOf(bin),
                           .to = BeginOf(bin + 2),
                           .answers = here.answers,
                           .open = here.open,
                           .wide = wide});
    }
    shorter.answers += counts[bin].answers;
    shorter.open += counts[bin].open;
    if (bin < kBinsOfOctave) continue;
    shorter.answers -= counts[bin - kBinsOfOctave].answers;
    shorter.open -= counts[bin - kBinsOfOctave].open;
  }
}

std::vector<CutOff> LengthPileup::CutOffs() const {
  std::vector<CutOff> cut_offs;
  for (const bool wide : {false, true}) Find(wide, &cut_offs);
  return cut_offs;
}

std::vector<LengthPileup::Unclear> LengthPileup::AtCutOffs(
    const std::vector<CutOff>& cut_offs) const {
  std::vector<Unclear> at;
  for (const Unclear& each : unclear_) {
    const bool cut = std::ranges::any_of(cut_offs, [&](const CutOff& cut_off) {
      return each.wide == cut_off.wide && each.pieces >= cut_off.from &&
             each.pieces < cut_off.to;
    });
    if (cut) at.push_back(each);
  }
  std::ranges::sort(at, [](const Unclear& a, const Unclear& b) {
    return a.line != b.line ? a.line < b.line : a.turn < b.turn;
  });
  return at;
}

}  // namespace fullstop
