#include "base/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <span>
#include <string>

#include "base/error.h"
#include "base/test_folder.h"

namespace fullstop {
namespace {

class FileTest : public ::testing::Test {
 protected:
  std::string Path(const char* name) const { return folder_.File(name); }

  TestFolder folder_;
};

TEST_F(FileTest, WrittenContentIsReadAndMapped) {
  const std::string content(100000, 'x');
  WriteFileAtomically(Path("a"), content);
  EXPECT_EQ(ReadFile(Path("a")), content);
  EXPECT_EQ(MappedFile::Open(Path("a")).bytes().size(), content.size());
}

TEST_F(FileTest, ForgottenPagesKeepTheirContent) {
  const std::string content(100000, 'x');
  WriteFileAtomically(Path("a"), content);
  const MappedFile file = MappedFile::Open(Path("a"));
  const std::string copy(100000, 'y');
  for (const auto bytes : {file.bytes(), std::as_bytes(std::span(copy)),
                           file.bytes().first(1), file.bytes().first(0)}) {
    ForgetPages(bytes);
  }
  EXPECT_EQ(std::as_bytes(std::span(content)).back(), file.bytes().back());
  EXPECT_EQ(copy, std::string(100000, 'y'));
}

TEST_F(FileTest, RewritingReplacesTheWholeFileAndLeavesNothingBeside) {
  WriteFileAtomically(Path("a"), "long content");
  WriteFileAtomically(Path("a"), "b");
  EXPECT_EQ(ReadFile(Path("a")), "b");
  EXPECT_EQ(folder_.Count(), 1u);
}

TEST_F(FileTest, FileThatIsNeverCommittedLeavesTheOldOne) {
  WriteFileAtomically(Path("a"), "old");
  {
    NewFile file(Path("a"));
    file.Write(std::as_bytes(std::span("new")));
  }
  EXPECT_EQ(ReadFile(Path("a")), "old");
  EXPECT_EQ(folder_.Count(), 1u);
}

TEST_F(FileTest, WritingThroughALinkKeepsTheLinkAndTheMode) {
  WriteFileAtomically(Path("a"), "old");
  std::filesystem::permissions(
      Path("a"),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::create_symlink("a", Path("link"));
  WriteFileAtomically(Path("link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(ReadFile(Path("a")), "new");
  EXPECT_EQ(
      std::filesystem::status(Path("a")).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(FileTest, OnlyARegularFileIsReplaced) {
  EXPECT_THROW(WriteFileAtomically(folder_.path(), "x"), Error);
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THROW(WriteFileAtomically(Path("pipe"), "x"), Error);
  EXPECT_TRUE(std::filesystem::is_fifo(Path("pipe")));
}

TEST_F(FileTest, EmptyFileMapsToNoBytes) {
  WriteFileAtomically(Path("a"), "");
  EXPECT_TRUE(MappedFile::Open(Path("a")).bytes().empty());
}

TEST_F(FileTest, AbsentFileIsNotFound) {
  try {
    MappedFile::Open(Path("none"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kNotFound);
  }
}

TEST_F(FileTest, FolderIsRefused) {
  EXPECT_THROW(MappedFile::Open(folder_.path()), Error);
  EXPECT_THROW(ReadFile(folder_.path()), Error);
}

TEST_F(FileTest, ContentPastTheLimitIsRefused) {
  WriteFileAtomically(Path("a"), "12345");
  EXPECT_EQ(ReadFile(Path("a"), 5), "12345");
  EXPECT_THROW(ReadFile(Path("a"), 4), Error);
}

}  // namespace
}  // namespace fullstop
