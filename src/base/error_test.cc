#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace fullstop {
namespace {

TEST(ErrorTest, FilePlaceAndAdviceStandUnderTheMessage) {
  const Error error = Error::Format("tensor count is 18446744073709551615")
                          .In("m.gguf")
                          .AtByte(8)
                          .Advice("download the file again");
  EXPECT_STREQ(error.what(),
               "tensor count is 18446744073709551615\n"
               "  in m.gguf, byte 8\n"
               "  download the file again");
}

TEST(ErrorTest, CaretStandsUnderTheColumnBehindTabsAndWideCharacters) {
  const Error error = Error::Template("unexpected '}'").AtLine(2, 4, "\té{}");
  EXPECT_STREQ(error.what(),
               "unexpected '}'\n"
               "  line 2, column 4\n"
               "  \té{}\n"
               "  \t  ^");
}

TEST(ErrorTest, LongLineIsShownAroundTheColumn) {
  const std::string line = std::string(300, 'a') + "X" + std::string(300, 'b');
  const std::string text = Error::Template("bad").AtLine(1, 301, line).what();
  EXPECT_EQ(text, "bad\n  line 1, column 301\n  …" + std::string(60, 'a') +
                      "X" + std::string(39, 'b') + "…\n  " +
                      std::string(61, ' ') + "^");
}

TEST(ErrorTest, AFullDiskIsToldWithWhatToDo) {
  EXPECT_STREQ(Error::System("can't write 'out'", ENOSPC).what(),
               "can't write 'out': No space left on device\n"
               "  free some space, or write to another disk");
  EXPECT_STREQ(Error::System("can't write 'out'", EISDIR).what(),
               "can't write 'out': Is a directory");
}

}  // namespace
}  // namespace fullstop
