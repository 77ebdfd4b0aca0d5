#include "base/sha256.h"

#include <gtest/gtest.h>

namespace fullstop {
namespace {

// The examples that NIST publishes with FIPS 180-4, and the empty message.
TEST(Sha256Test, ExamplesOfTheStandard) {
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 7);
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string whole = text.substr(0, length);
    Sha256 hash;
    for (const char byte : whole) hash.Update(std::string_view(&byte, 1));
    Sha256 at_once;
    at_once.Update(whole);
    EXPECT_EQ(hash.Finish(), at_once.Finish()) << length;
  }
}

}  // namespace
}  // namespace fullstop
