#include "protocol/literal_value.h"

#include <gtest/gtest.h>

#include <string_view>

namespace fullstop {
namespace {

nlohmann::ordered_json Read(std::string_view text) {
  Symbols symbols;
  for (const char byte : text) symbols += static_cast<unsigned char>(byte);
  const auto value = LiteralToJson(symbols, {});
  return value ? *value : nlohmann::ordered_json("no value");
}

TEST(LiteralValueTest, EscapesAreWhatPythonAndJsonMean) {
  EXPECT_EQ(Read(R"('a\n\t\\\'\"')"), "a\n\t\\'\"");
  EXPECT_EQ(Read(R"('\x41\u00e9\U0001F600')"), "A\u00e9\U0001F600");
  EXPECT_EQ(Read(R"("\ud83d\ude00!")"), "\U0001F600!");
  EXPECT_EQ(Read(R"('\q')"), "\\q");
}

TEST(LiteralValueTest, HalvesWithoutTheOtherAreReplaced) {
  EXPECT_EQ(Read(R"('\ud83d!')"), "\uFFFD!");
  EXPECT_EQ(Read(R"('\ud83d\u0041')"), "\uFFFDA");
  EXPECT_EQ(Read(R"('\ude00\ud83d')"), "\uFFFD\uFFFD");
  EXPECT_EQ(Read(R"('\UFFFFFFFF')"), "\uFFFD");
}

TEST(LiteralValueTest, EscapesWithoutTheirDigitsAreNoValue) {
  for (const char* text : {R"('\x4')", R"('\u12g4')", R"('\ud83d\uzzzz')",
                           R"('\U0001')", R"('\)"}) {
    EXPECT_EQ(Read(text), "no value") << text;
  }
}

}  // namespace
}  // namespace fullstop
