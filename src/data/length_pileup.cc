#include "data/length_pileup.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace fullstop {
namespace {

// Shorter answers are no longer than a limit would let them.
constexpr size_t kLeastPieces = 48;
// A cut-off has so many answers without an end, and so many times the share of
// them that shorter answers have.
constexpr size_t kLeastOpen = 8;
constexpr double kTimesUsual = 3;
constexpr double kLeastUsual = 0.02;

constexpr size_t kBinsOfOctave = 16;
constexpr size_t kBins = LengthPileup::kBins;

size_t BinOf(size_t pieces) {
  const auto value = static_cast<double>(std::max<size_t>(1, pieces));
  return std::min(kBins - 1,
                  static_cast<size_t>(kBinsOfOctave * std::log2(value)));
}

size_t BeginOf(size_t bin) {
  return static_cast<size_t>(
      std::ceil(std::exp2(static_cast<double>(bin) / kBinsOfOctave)));
}

// A byte of a text, as far as pieces go.
enum class Byte : uint8_t {
  kInside,  // a space, which goes with the word behind it, or a character's
            // rest
  kSign,    // anything else, the first byte of a character too
  kLetter,
  kDigit
};

constexpr std::array<Byte, 256> kBytes = [] {
  std::array<Byte, 256> bytes = {};
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool is_inside = i == ' ' || (i & 0xC0) == 0x80;
    bytes.at(i) = is_inside ? Byte::kInside : Byte::kSign;
  }
  for (size_t i = 'a'; i <= 'z'; ++i) bytes.at(i) = Byte::kLetter;
  for (size_t i = 'A'; i <= 'Z'; ++i) bytes.at(i) = Byte::kLetter;
  for (size_t i = '0'; i <= '9'; ++i) bytes.at(i) = Byte::kDigit;
  return bytes;
}();

// About the tokens of TEXT: a word is one, a long one two, and so are three
// digits, a sign, a character of a script without spaces.
size_t PiecesOf(std::string_view text) {
  constexpr size_t kLongWord = 9;
  const auto kind = [text](size_t i) {
    return kBytes[static_cast<unsigned char>(text[i])];
  };
  size_t pieces = 0;
  for (size_t i = 0; i < text.size();) {
    const Byte first = kind(i);
    const size_t begin = i++;
    if (first == Byte::kLetter || first == Byte::kDigit) {
      while (i < text.size() && kind(i) == first) ++i;
      const size_t size = i - begin;
      pieces += first == Byte::kDigit ? (size + 2) / 3 : 1 + (size > kLongWord);
    } else {
      pieces += first == Byte::kSign ? 1 : 0;
      // To the next byte that is not a character's rest.
      while (i < text.size() && (text[i] & 0xC0) == 0x80) ++i;
    }
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

AnswerLength LengthOf(std::string_view text) {
  // No piece is less than a byte.
  if (text.size() < kLeastPieces) return {};
  const size_t size = PiecesOf(text);
  if (size < kLeastPieces) return {};
  size_t characters = 0;
  for (const char c : text) characters += (c & 0xC0) != 0x80 ? 1 : 0;
  // Most characters of East Asia have three bytes.
  return {static_cast<uint32_t>(size), static_cast<uint32_t>(characters),
          text.size() > 2 * characters};
}

void LengthPileup::Count::Add(const Count& other) {
  answers += other.answers;
  open += other.open;
  broken += other.broken;
}

void LengthPileup::Add(const AnswerLength& length, AnswerEnd end) {
  if (length.pieces == 0) return;
  const size_t script = length.wide ? 1 : 0;
  const Count one{.answers = 1,
                  .open = end != AnswerEnd::kWhole ? size_t{1} : 0,
                  .broken = end == AnswerEnd::kBroken ? size_t{1} : 0};
  pieces_.at(script)[BinOf(length.pieces)].Add(one);
  characters_.at(script)[BinOf(length.characters)].Add(one);
  all_.at(script).Add(one);
}

void LengthPileup::Take(LengthPileup* other) {
  for (size_t script = 0; script < all_.size(); ++script) {
    all_[script].Add(other->all_[script]);
    for (size_t bin = 0; bin < kBins; ++bin) {
      pieces_[script][bin].Add(other->pieces_[script][bin]);
      characters_[script][bin].Add(other->characters_[script][bin]);
    }
  }
  *other = {};
}

double LengthPileup::Odds(const Counts& counts, const Count& all, size_t bin) {
  // Tokens of an unknown kind are as long as others within so many bins.
  constexpr size_t kSpread = 2;
  Count here;
  for (size_t i = bin - std::min(bin, kSpread);
       i < std::min(kBins, bin + kSpread + 1); ++i) {
    here.Add(counts[i]);
  }
  if (here.broken < kLeastOpen) return 1;
  const auto odds = [](const Count& count) {
    return static_cast<double>(count.broken) /
           static_cast<double>(count.answers - count.open + 1);
  };
  return std::max(1.0, odds(here) / odds(all));
}

double LengthPileup::OddsOfCut(const AnswerLength& length) const {
  if (length.pieces == 0) return 1;
  const size_t script = length.wide ? 1 : 0;
  const Count& all = all_.at(script);
  return std::max(Odds(pieces_.at(script), all, BinOf(length.pieces)),
                  Odds(characters_.at(script), all, BinOf(length.characters)));
}

void LengthPileup::Find(bool wide, std::vector<CutOff>* cut_offs) const {
  const Counts& counts = pieces_.at(wide ? 1 : 0);
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

}  // namespace fullstop
