#include "base/base64.h"

#include <gtest/gtest.h>

namespace fullstop {
namespace {

TEST(Base64Test, TheExamplesOfTheStandardGoBothWays) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xFF\xFE\xFB", "//77"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(ToBase64(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
  EXPECT_EQ(FromBase64("Zg"), "f");
}

TEST(Base64Test, OtherTextIsNone) {
  for (const std::string_view text :
       {"Z", "Zm9v Yg==", "Zm-v", "Zg==Zg==", "=", "===="}) {
    EXPECT_FALSE(FromBase64(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace fullstop
