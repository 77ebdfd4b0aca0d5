#include "tokenizer/string_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fullstop {
namespace {

TEST(StringIndexTest, TextsOfAnyLengthAreToldApart) {
  std::vector<std::string> texts = {""};
  for (size_t length = 1; length <= 50; ++length) {
    for (size_t place = 0; place < length; ++place) {
      texts.emplace_back(length, 'a');
      texts.back()[place] = 'b';
    }
  }
  StringIndex index(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_TRUE(index.Add(texts[i], static_cast<TokenId>(i)));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(index.Find(texts[i]), static_cast<TokenId>(i));
    EXPECT_EQ(index.Find(texts[i] + "c"), std::nullopt);
  }
}

TEST(StringIndexTest, TheFirstIdOfATextStays) {
  StringIndex index(2);
  EXPECT_EQ(index.Find("a"), std::nullopt);
  EXPECT_TRUE(index.Add("a", 7));
  EXPECT_FALSE(index.Add("a", 8));
  EXPECT_EQ(index.Find("a"), 7);
}

}  // namespace
}  // namespace fullstop
