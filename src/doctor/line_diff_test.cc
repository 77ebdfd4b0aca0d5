#include "doctor/line_diff.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace fullstop {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What PATCH, whose texts end their last lines, makes of BEFORE; "unfit" where
// a line that it keeps or takes away is another.
std::string Apply(const std::string& before, const std::string& patch) {
  const std::vector<std::string> old = Lines(before);
  std::string after;
  size_t at = 0;
  for (const std::string& line : Lines(patch)) {
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    size_t begin = 0;
    size_t count = 0;
    if (std::sscanf(line.c_str(), "@@ -%zu,%zu", &begin, &count) == 2) {
      const size_t first = count == 0 ? begin : begin - 1;
      while (at < first) after += old[at++] + "\n";
      continue;
    }
    const std::string rest = line.substr(1);
    if (line[0] != '+' && (at >= old.size() || old[at++] != rest)) {
      return "unfit";
    }
    if (line[0] != '-') after += rest + "\n";
  }
  while (at < old.size()) after += old[at++] + "\n";
  return after;
}

TEST(LineDiffTest, EqualTextsHaveNone) {
  EXPECT_EQ(UnifiedDiff("a.json", "x\n", "x\n"), "");
}

TEST(LineDiffTest, HunksHaveThreeLinesAround) {
  EXPECT_EQ(UnifiedDiff("a.json", "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                        "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- a/a.json\n+++ b/a.json\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n"
            "+five\n 6\n 7\n 8\n");
}

TEST(LineDiffTest, NewFilesComeFromNowhere) {
  EXPECT_EQ(UnifiedDiff("a.json", "", "{}\n"),
            "--- /dev/null\n+++ b/a.json\n@@ -0,0 +1,1 @@\n+{}\n");
}

TEST(LineDiffTest, LastLinesWithoutAnEndAreMarked) {
  EXPECT_EQ(UnifiedDiff("a.json", "{}", "{}\n"),
            "--- a/a.json\n+++ b/a.json\n@@ -1,1 +1,1 @@\n-{}\n"
            "\\ No newline at end of file\n+{}\n");
}

TEST(LineDiffTest, PatchesMakeTheOneOfTheOther) {
  std::mt19937_64 random(20261129);
  for (int i = 0; i < 3000; ++i) {
    const auto text = [&](const std::string& like) {
      std::string made;
      for (const std::string& line : Lines(like)) {
        const auto drawn = random() % 12;
        if (drawn == 0) continue;
        made += drawn == 1 ? "new\n" : line + "\n";
        if (drawn == 2) made += "more\n";
      }
      return made;
    };
    std::string first;
    for (auto n = random() % 40; n > 0; --n) {
      first += std::to_string(random() % 6) + "\n";
    }
    const std::string second = text(first);
    ASSERT_EQ(Apply(first, UnifiedDiff("x", first, second)), second)
        << first << "\n---\n"
        << second;
  }
}

}  // namespace
}  // namespace fullstop
