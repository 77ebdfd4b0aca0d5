#include "base/printable.h"

#include <gtest/gtest.h>

namespace fullstop {
namespace {

TEST(PrintableTest, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(Printable("Größe 漢字 <|im_end|>"), "Größe 漢字 <|im_end|>");
}

TEST(PrintableTest, WhatATerminalWouldObeyIsEscaped) {
  EXPECT_EQ(Printable("a\n\x1b[2J\x7f"), "a\\n\\x1b[2J\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");
}

TEST(PrintableTest, BrokenUtf8IsEscapedByteByByte) {
  EXPECT_EQ(Printable("\xff\xe2\x82z"), "\\xff\\xe2\\x82z");
}

}  // namespace
}  // namespace fullstop
