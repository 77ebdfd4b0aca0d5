#include <algorithm>
#include <cstdint>
#include <cstring>

#include "data/answer_end.h"

namespace fullstop {
namespace {

// A loop that a reader would call one: so many times, so many bytes.
constexpr size_t kTimes = 5;
constexpr size_t kLeastBytes = 200;
// At the end of a text, and within it.
constexpr size_t kLongestPeriod = 400;
constexpr size_t kLongestInnerPeriod = 160;
// Places at which a loop within a text is looked for.
constexpr size_t kStep = 160;
constexpr size_t kProbe = 8;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

// Lines, rulers and rows of noughts are drawn; words and cries are not.
bool IsSaid(std::string_view unit) {
  constexpr std::string_view kCries = "!?";
  const bool one =
      std::ranges::all_of(unit, [&](char c) { return c == unit[0]; });
  if (one) return IsLetter(unit[0]) || kCries.find(unit[0]) != kCries.npos;
  if (unit.size() >= 3 && (unit[0] & 0x80) != 0 && unit[0] == '\xe2') {
    // Boxes and blocks: U+2500 to U+25FF.
    const auto second = static_cast<unsigned char>(unit[1]);
    if (second >= 0x94 && second <= 0x97) return false;
  }
  const auto* first = std::ranges::find_if(unit, IsLetter);
  if (first == unit.end()) return false;
  // One letter among spaces is a drawing's.
  return std::ranges::any_of(
      unit, [&](char c) { return IsLetter(c) && c != *first; });
}

// The stretch of TEXT of period PERIOD that holds the place AT.
std::string_view Stretch(std::string_view text, size_t at, size_t period) {
  size_t end = at + period;
  while (end < text.size() && text[end] == text[end - period]) ++end;
  size_t begin = at;
  while (begin > 0 && text[begin - 1] == text[begin - 1 + period]) --begin;
  return text.substr(begin, end - begin);
}

bool IsLong(std::string_view stretch, size_t period) {
  return stretch.size() >= std::max(kLeastBytes, kTimes * period);
}

uint64_t WordAt(const char* place) {
  static_assert(kProbe == sizeof(uint64_t));
  uint64_t word = 0;
  std::memcpy(&word, place, sizeof(word));
  return word;
}

// Each long stretch is walked over once: what is none that is said is none with
// a multiple of its period either.
std::string_view LoopAtEnd(std::string_view text) {
  const size_t longest = std::min(kLongestPeriod, text.size() / kTimes);
  const char* tail = text.data() + text.size() - kProbe;
  const uint64_t probe = WordAt(tail);
  for (size_t period = 1; period <= longest; ++period) {
    if (WordAt(tail - period) != probe) continue;
    const std::string_view stretch =
        Stretch(text, text.size() - kProbe - period, period);
    if (!IsLong(stretch, period)) continue;
    return IsSaid(stretch.substr(0, period)) ? stretch : std::string_view();
  }
  return {};
}

}  // namespace

std::string_view FindLoop(std::string_view text) {
  if (text.size() < kLeastBytes) return {};
  if (const std::string_view loop = LoopAtEnd(text); !loop.empty()) return loop;
  size_t at = 0;
  while (at + kProbe + kLongestInnerPeriod < text.size()) {
    const char* place = text.data() + at;
    const uint64_t probe = WordAt(place);
    size_t next = at + kStep;
    for (size_t period = 1; period <= kLongestInnerPeriod; ++period) {
      if (WordAt(place + period) != probe) continue;
      const std::string_view stretch = Stretch(text, at, period);
      if (!IsLong(stretch, period)) continue;
      if (IsSaid(stretch.substr(0, period))) return stretch;
      next = std::max(next, static_cast<size_t>(stretch.end() - text.begin()));
      break;
    }
    at = next;
  }
  return {};
}

std::string_view UnitOfLoop(std::string_view loop) {
  for (size_t period = 1; period * kTimes <= loop.size(); ++period) {
    if (std::memcmp(loop.data(), loop.data() + period, loop.size() - period) ==
        0) {
      return loop.substr(0, period);
    }
  }
  return loop;
}

}  // namespace fullstop
