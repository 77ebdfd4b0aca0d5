// Ordinary texts that repeat much and are no loops.
#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "format/gguf.h"
#include "generate/loop_detector.h"
#include "generate/loop_policy.h"
#include "gtest/gtest.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;
using Random = std::mt19937_64;

std::string Times(size_t n, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < n; ++i) all += text;
  return all;
}

std::string Pick(Random& random, const std::vector<std::string>& choices) {
  return choices[random() % choices.size()];
}

std::string Number(Random& random, uint64_t below) {
  return std::to_string(random() % below);
}

const std::vector<std::string> kWords = {
    "river", "stone",  "the",  "a",    "of",    "quick", "lamp",  "seven",
    "under", "bright", "and",  "talk", "paper", "cold",  "green", "walks",
    "into",  "small",  "glad", "to",   "house", "over",  "bird",  "sings"};

std::string Sentence(Random& random) {
  std::string text = "The";
  for (size_t n = 4 + random() % 10; n > 0; --n) {
    text += " " + Pick(random, kWords);
  }
  return text + ". ";
}

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

std::string TableHead() {
  return Row({"Name", "Mon", "Tue", "Wed", "Thu", "Fri"}) +
         Row({"---", "---", "---", "---", "---", "---"});
}

std::string TableOfNumbers(Random& random) {
  std::string text = TableHead();
  for (size_t rows = 3 + random() % 10; rows > 0; --rows) {
    std::vector<std::string> cells = {Pick(random, kWords)};
    while (cells.size() < 6) cells.push_back(Number(random, 50));
    text += Row(cells);
  }
  return text;
}

// Two labelled rows in turn, six rows of one cell, or rows that are empty.
std::string TableOfEqualCells(Random& random) {
  const std::string cell = Pick(random, {"0", "yes", "-", "x", "n/a", "0.0"});
  std::string text = TableHead();
  for (size_t rows = 2 + random() % 3; rows > 0; --rows) {
    text += Row(std::vector<std::string>(6, cell));
  }
  return text;
}

std::string EmptyRows(Random& random) {
  const std::string gap(1 + random() % 3, ' ');
  return TableHead() +
         Times(2 + random() % 4, "|" + Times(6, gap + "|") + "\n");
}

std::string ZeroArray(Random& random) {
  if (random() % 2 == 0) {
    return "[" + Times(10 + random() % 30, "0, ") + "0]\n";
  }
  return "[\n" + Times(2 + random() % 4, "  [0, 0, 0, 0, 0, 0],\n") + "]\n";
}

std::string Rulers(Random& random) {
  std::string text;
  for (size_t lines = 1 + random() % 4; lines > 0; --lines) {
    const std::string stroke = Pick(random, {"-", "=", "*", "- ", "~", "_"});
    text += Times(10 + random() % 60, stroke) + "\n" + Sentence(random) + "\n";
  }
  return text;
}

std::string Checklist(Random& random) {
  std::string text;
  for (size_t n = 5 + random() % 15; n > 0; --n) {
    text += Pick(random, {"- [ ] ", "- [x] "}) + Pick(random, kWords) + " " +
            Pick(random, kWords) + "\n";
  }
  return text + Times(random() % 12, "- [ ] \n");
}

std::string MinifiedCode(Random& random) {
  std::string text = "!function(e,t){var n={},r=[0,0,0,0],i=\"\";";
  for (size_t n = 8 + random() % 20; n > 0; --n) {
    const std::string name(1, static_cast<char>('a' + random() % 26));
    text += Pick(random, {"function " + name + "(e){return e[" +
                              Number(random, 9) + "]}",
                          "var " + name + "=n[" + Number(random, 99) + "];",
                          "if(" + name + "){e(),t()}", "e.push(0);",
                          "for(;" + name + "<8;)r[" + name + "++]=0;"});
  }
  return text + "}(0,0);}}}}}";
}

std::string Markup(Random& random) {
  std::string text = "<table>\n";
  for (size_t rows = 2 + random() % 2; rows > 0; --rows) {
    text += "<tr>" + Times(6, "<td></td>") + "</tr>\n";
  }
  for (size_t n = 3 + random() % 6; n > 0; --n) {
    text += "<li><a href=\"#" + Number(random, 1000) + "\">" +
            Pick(random, kWords) + "</a></li>\n";
  }
  return text + "</table>\n" + Times(8, "</div>\n");
}

std::string ProseWithRefrain(Random& random) {
  const std::string refrain = Sentence(random) + "\n";
  std::string text;
  for (size_t n = 2 + random() % 4; n > 0; --n) {
    text += Sentence(random) + Sentence(random) + refrain;
  }
  return text + "No, no, no! Ha ha ha ha ha! La la la la la la.\n";
}

std::string Counting(Random& random) {
  std::string text;
  const size_t last = 20 + random() % 80;
  for (size_t i = 1; i <= last; ++i) text += std::to_string(i) + ", ";
  for (size_t i = 1; i <= 10; ++i) {
    text += std::to_string(i) + " x 0 = 0\n";
  }
  return text;
}

std::string OrdinaryText(size_t number) {
  Random random(number);
  constexpr std::string (*kKinds[])(Random&) = {
      TableOfNumbers, TableOfEqualCells, EmptyRows,        ZeroArray, Rulers,
      Checklist,      MinifiedCode,      ProseWithRefrain, Markup,    Counting};
  const size_t kind = number % std::size(kKinds);
  return Sentence(random) + kKinds[kind](random) + Sentence(random);
}

// Tokens of at most LENGTH bytes: a word with the space before it, or a run of
// one kind of character.
Ids WordTokens(const std::string& text, size_t length) {
  const auto kind = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0   ? 1
           : std::isdigit(static_cast<unsigned char>(c)) != 0 ? 2
           : c == '\n'                                        ? 3
           : c == ' '                                         ? 4
                                                              : 5;
  };
  std::map<std::string, TokenId> vocabulary;
  Ids ids;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin + 1;
    if (text[begin] == ' ' && end < text.size() && kind(text[end]) != 2) ++end;
    while (end < text.size() && end - begin < length &&
           kind(text[end]) == kind(text[end - 1])) {
      ++end;
    }
    const std::string word = text.substr(begin, end - begin);
    const auto next = static_cast<TokenId>(vocabulary.size());
    ids.push_back(vocabulary.try_emplace(word, next).first->second);
    begin = end;
  }
  return ids;
}

// Where the first alarm is, for a failure's message; empty without one.
std::string Alarm(const Ids& ids) {
  LoopDetector detector;
  for (const TokenId id : ids) {
    detector.Accept(id);
    if (!detector.loop().has_value()) continue;
    return "period " + std::to_string(detector.loop()->period) + " at token " +
           std::to_string(detector.size()) + " of " +
           std::to_string(ids.size());
  }
  return "";
}

constexpr size_t kTexts = 200;

TEST(LoopOrdinaryTest, OrdinaryTextsInWordTokensRaiseNoAlarm) {
  for (size_t number = 0; number < kTexts; ++number) {
    const std::string text = OrdinaryText(number);
    for (const size_t length : {3, 8, 100}) {
      EXPECT_EQ(Alarm(WordTokens(text, length)), "")
          << "tokens of at most " << length << " bytes in\n"
          << text;
    }
  }
}

TEST(LoopOrdinaryTest, OrdinaryTextsInAModelsTokensRaiseNoAlarm) {
  const char* path = std::getenv("FULLSTOP_MODEL");
  if (path == nullptr) GTEST_SKIP() << "FULLSTOP_MODEL names no model";
  const GgufFile file = GgufFile::Open(path);
  const auto tokenizer = Tokenizer::FromGguf(file);
  size_t tokens = 0;
  for (size_t number = 0; number < kTexts; ++number) {
    const std::string text = OrdinaryText(number);
    const Ids ids = tokenizer->Encode(text);
    tokens += ids.size();
    EXPECT_EQ(Alarm(ids), "") << text;
  }
  EXPECT_GT(tokens, 10'000u);
}

// A policy that has stepped back once, from a loop of other tokens.
LoopPolicy SteeringPolicy() {
  LoopPolicy policy(OnLoop::kStepBack, {});
  for (TokenId i = 0; policy.step_backs() == 0; ++i) {
    policy.Accept(1'000'000 + i % 20);
  }
  return policy;
}

TEST(LoopOrdinaryTest, OrdinaryTextsBehindALoopAreNotSteered) {
  for (size_t number = 0; number < kTexts; ++number) {
    LoopPolicy policy = SteeringPolicy();
    const std::string text = OrdinaryText(number);
    for (const TokenId id : WordTokens(text, 8)) {
      policy.Accept(id);
      ASSERT_TRUE(policy.banned().empty()) << text;
    }
  }
}

// What the same texts become when a model gets stuck.
TEST(LoopOrdinaryTest, TheSameTextsOverAndOverAreLoops) {
  for (size_t number = 0; number < kTexts; ++number) {
    const Ids ids = WordTokens(OrdinaryText(number), 100);
    LoopDetector detector;
    for (size_t i = 0; i < 8 * ids.size(); ++i)
      detector.Accept(ids[i % ids.size()]);
    ASSERT_TRUE(detector.loop().has_value());
    EXPECT_EQ(ids.size() % detector.loop()->period, 0u);
  }
}

}  // namespace
}  // namespace fullstop
