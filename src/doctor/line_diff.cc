#include "doctor/line_diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fullstop {
namespace {

constexpr size_t kContext = 3;
constexpr size_t kMostCells = 4'000'000;

using Lines = std::vector<std::string_view>;

// With their ends.
Lines Split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

// A line of the one, of the other, or of both.
struct Step {
  char sign;  // ' ', '-', '+'
  std::string_view line;
};

// Between A[begin, a_end) and B[begin, b_end): what is taken away before what
// is added, all that both have kept.
void AddMiddle(const Lines& a, const Lines& b, size_t begin, size_t a_end,
               size_t b_end, std::vector<Step>* steps) {
  const size_t rows = a_end - begin;
  const size_t columns = b_end - begin;
  size_t i = 0;
  size_t j = 0;
  if (rows * columns <= kMostCells) {
    // common[i][j]: the most lines that a from i and b from j have in common.
    const size_t stride = columns + 1;
    std::vector<uint32_t> common((rows + 1) * stride, 0);
    for (size_t y = rows; y-- > 0;) {
      for (size_t x = columns; x-- > 0;) {
        common[y * stride + x] = a[begin + y] == b[begin + x]
                                     ? common[(y + 1) * stride + x + 1] + 1
                                     : std::max(common[(y + 1) * stride + x],
                                                common[y * stride + x + 1]);
      }
    }
    while (i < rows && j < columns) {
      if (a[begin + i] == b[begin + j]) {
        steps->push_back({' ', a[begin + i]});
        ++i;
        ++j;
      } else if (common[(i + 1) * stride + j] >= common[i * stride + j + 1]) {
        steps->push_back({'-', a[begin + i++]});
      } else {
        steps->push_back({'+', b[begin + j++]});
      }
    }
  }
  while (i < rows) steps->push_back({'-', a[begin + i++]});
  while (j < columns) steps->push_back({'+', b[begin + j++]});
}

std::vector<Step> Steps(const Lines& a, const Lines& b) {
  const size_t shorter = std::min(a.size(), b.size());
  size_t begin = 0;
  while (begin < shorter && a[begin] == b[begin]) ++begin;
  size_t tail = 0;
  while (tail < shorter - begin &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (size_t i = 0; i < begin; ++i) steps.push_back({' ', a[i]});
  AddMiddle(a, b, begin, a.size() - tail, b.size() - tail, &steps);
  for (size_t i = a.size() - tail; i < a.size(); ++i) {
    steps.push_back({' ', a[i]});
  }
  return steps;
}

bool IsChange(const Step& step) { return step.sign != ' '; }

// "3,4", of LINES lines behind BEFORE others.
std::string Range(size_t before, size_t lines) {
  return std::to_string(lines == 0 ? before : before + 1) + "," +
         std::to_string(lines);
}

std::string Hunk(const std::vector<Step>& steps, size_t begin, size_t end,
                 size_t a_before, size_t b_before) {
  std::string text;
  size_t a_lines = 0;
  size_t b_lines = 0;
  for (size_t i = begin; i < end; ++i) {
    const Step& step = steps[i];
    if (step.sign != '+') ++a_lines;
    if (step.sign != '-') ++b_lines;
    text += step.sign + std::string(step.line);
    if (!step.line.ends_with('\n')) text += "\n\\ No newline at end of file\n";
  }
  return "@@ -" + Range(a_before, a_lines) + " +" + Range(b_before, b_lines) +
         " @@\n" + text;
}

}  // namespace

std::string UnifiedDiff(const std::string& name, std::string_view before,
                        std::string_view after) {
  if (before == after) return "";
  const Lines a = Split(before);
  const Lines b = Split(after);
  const std::vector<Step> steps = Steps(a, b);
  std::string text = "--- " + (before.empty() ? "/dev/null" : "a/" + name) +
                     "\n+++ b/" + name + "\n";
  size_t a_before = 0;
  size_t b_before = 0;
  size_t at = 0;
  const auto pass = [&](size_t end) {
    for (; at < end; ++at) {
      if (steps[at].sign != '+') ++a_before;
      if (steps[at].sign != '-') ++b_before;
    }
  };
  for (;;) {
    const auto first = std::find_if(steps.begin() + static_cast<ptrdiff_t>(at),
                                    steps.end(), IsChange);
    if (first == steps.end()) return text;
    const auto change = static_cast<size_t>(first - steps.begin());
    const size_t begin = change - std::min(kContext, change - at);
    // Changes with less than two contexts between them share a hunk.
    size_t last = change;
    for (size_t i = change; i < steps.size() && i <= last + 2 * kContext; ++i) {
      if (IsChange(steps[i])) last = i;
    }
    const size_t end = std::min(last + 1 + kContext, steps.size());
    pass(begin);
    text += Hunk(steps, begin, end, a_before, b_before);
    pass(end);
  }
}

}  // namespace fullstop
