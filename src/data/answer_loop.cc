#include <algorithm>
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

bool IsLoop(std::string_view stretch, size_t period) {
  return stretch.size() >= std::max(kLeastBytes, kTimes * period) &&
         IsSaid(stretch.substr(0, period));
}

std::string_view LoopAtEnd(std::string_view text) {
  const size_t longest = std::min(kLongestPeriod, text.size() / kTimes);
  const char* tail = text.data() + text.size() - kProbe;
  for (size_t period = 1; period <= longest; ++period) {
    if (std::memcmp(tail, tail - period, kProbe) != 0) continue;
    const std::string_view stretch =
        Stretch(text, text.size() - kProbe - period, period);
    if (IsLoop(stretch, period)) return stretch;
  }
  return {};
}

}  // namespace

std::string_view FindLoop(std::string_view text) {
  if (text.size() < kLeastBytes) return {};
  if (const std::string_view loop = LoopAtEnd(text); !loop.empty()) return loop;
  for (size_t at = 0; at + kProbe + kLongestInnerPeriod < text.size();
       at += kStep) {
    const std::string_view probe = text.substr(at, kProbe);
    const std::string_view window =
        text.substr(at + 1, kProbe + kLongestInnerPeriod - 1);
    for (size_t found = window.find(probe); found != window.npos;
         found = window.find(probe, found + 1)) {
      const std::string_view stretch = Stretch(text, at, found + 1);
      if (IsLoop(stretch, found + 1)) return stretch;
    }
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
